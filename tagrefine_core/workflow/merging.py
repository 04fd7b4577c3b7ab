"""Names of tags: which one a spelling or a tag counts for, so that synonyms are merged, tags renamed and spellings split off again.

An **alias** says that wherever people wrote one name, it counts for a tag. It takes effect when the collection is imported the next time,
and stays for all imports after that: what a tag is decides what is learned, so runs of the import before it are not of these tags, and
have to be trained again. Until then `Names.waiting` tells which aliases wait, and `import_again` is what applies them. What was decided
about photos under the old name then counts for the tag.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tagrefine_core import tags
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Entry, Store, stands_for
from tagrefine_core.workflow.starting import Work
from tagrefine_core.workflow.verdicts import known_tag, user_name

__all__ = ["Alias", "aliases", "import_again", "keep_apart", "merge_proposals", "set_alias"]


@dataclass(frozen=True)
class Alias:
    """What a name counts for.

    Attributes
    ----------
    name : str
        A tag or a spelling.
    tag : str
        Empty: it is left out.
    waits : bool
        Whether it takes effect only with the next import.
    """

    name: str
    tag: str
    waits: bool


def aliases(store: Store, collection: str) -> list[Alias]:
    """Return all aliases by name, also those that were taken back and are still in effect (with the name itself as the tag).

    Raises
    ------
    CollectionError
        When there is no such collection.
    """
    record = store.collection(collection)
    now, applied = store.tag_aliases(record.id), dict(record.details.get("aliases", {}))
    return [
        Alias(name, now.get(name, name), now.get(name) != applied.get(name))
        for name in sorted(now.keys() | applied.keys())
    ]


def set_alias(
    store: Store,
    collection: str,
    name: str,
    tag: str | None,
    *,
    by: str | None = None,
    key: str | None = None,
) -> None:
    """Say which tag a name counts for from the next import on.

    Parameters
    ----------
    name : str
        A tag of the collection, which is merged or renamed, or a spelling that users gave; one that an earlier alias names, too.
    tag : str or None
        A tag of the collection, or a word that is to be one; the spelling itself: it is a tag of its own; empty: leave it out. None takes
        back what was said of the name.
    by, key
        As `tagrefine_core.workflow.verdicts.decide`.

    Raises
    ------
    CollectionError
        When there is no such collection.
    ConfigError
        When nobody gave the name, it would count for itself in a circle, or two tags with ground truth would be one.
    """
    opened = Collection.open(store, collection)
    now = store.tag_aliases(opened.id)
    name = {known.lower(): known for known in opened.vocabulary}.get(name.strip().lower(), name.strip())
    if name not in now:
        known_tag(opened, name)  # or an error that names others
    target = None if tag is None else tags.normalize(tag)
    if target is not None:
        _check(opened, name, target, now)
    words = f"{name}: {'counts for itself again' if target is None else f'counts for {target}' if target else 'left out'}"
    entry = Entry("alias", "", name, target)
    store.curation.add(opened.id, [entry], by=by or user_name(), note=words, key=key)


def _check(collection: Collection, name: str, target: str, now: dict[str, str]) -> None:
    if target == name and name in collection.vocabulary:
        raise ConfigError(f"{name!r} is a tag of its own already.")
    others = {key: value for key, value in now.items() if key != name}
    if target != name and stands_for(others, target) == name:
        raise ConfigError(f"{target!r} counts for {name!r} already; take that back first.")
    end, labels = stands_for(others, target), set(collection.labels)
    if name in labels and (not end or end in labels):
        what = f"{end!r} has ground truth, too" if end else "it has ground truth"
        raise ConfigError(f"{name!r} cannot be {'merged: ' if end else 'left out: '}{what}.")


def keep_apart(store: Store, collection: str, names: Sequence[str], *, by: str | None = None) -> None:
    """Say of two tags that they are not one and the same, so that nobody is asked again.

    Raises
    ------
    CollectionError
        When there is no such collection.
    ConfigError
        When these are not two tags of it.
    """
    opened = Collection.open(store, collection)
    opened.columns_of(names)
    if len(set(names)) != 2:
        raise ConfigError("Name two tags that are not one and the same.")
    a, b = sorted(names)
    note = f"{a} and {b} are not the same"
    store.curation.add(opened.id, [Entry("apart", "", f"{a}\n{b}", "yes")], by=by or user_name(), note=note)


def merge_proposals(
    collection: Collection, run: Run | None, wordnet: tags.WordNet, *, top: int = 60
) -> list[tags.MergeProposal]:
    """List tags that may be one and the same and of which nothing was said yet, the surest first.

    Parameters
    ----------
    collection : Collection
    run : Run or None
        Whose features say which photos look alike; without one only names and use count.
    wordnet : WordNet
    top : int
    """
    log, number = collection.store.curation, collection.id
    apart = {frozenset(pair.split("\n")) for _, pair, _ in log.values(number, "apart")}
    said, labels = collection.store.tag_aliases(number), set(collection.labels)
    names = collection.vocabulary
    found = tags.propose_merges(
        names, collection.tags, wordnet, features=None if run is None else run.features, apart=apart
    )
    return [
        one
        for one in found
        if not {names[one.tag], names[one.into]} <= labels
        and names[one.tag] not in said
        and stands_for(said, names[one.into]) != names[one.tag]
    ][:top]


def import_again(store: Store, collection: str) -> Work:
    """Return the job that imports a collection once more from where it came from, for `tagrefine_core.workflow.start_job`.

    Raises
    ------
    CollectionError
        When there is no such collection.
    ConfigError
        When an earlier TagRefine imported it, which did not write down from where, or that is gone.
    """
    record = store.collection(collection)
    source = record.details.get("source")
    if source is None:
        raise ConfigError(
            f"An earlier TagRefine imported {collection!r}, and did not keep from where. Import its photos once more on the Collection page, "
            "under the same name."
        )
    path = store.home / source["path"]  # one outside the home is absolute
    if not path.exists():
        raise ConfigError(f"There is nothing at {path} any more, where {collection!r} came from.")
    options = {
        "kind": source["kind"],
        "source": str(path),
        "min_fraction": record.details["min_fraction"],
    }
    if labels := record.details.get("labels"):
        options["labels"] = labels
    return Work("import", collection, options)
