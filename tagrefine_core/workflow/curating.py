"""What a curator says of a tag everywhere: always judge it, always leave it alone, add it from this probability on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import BINS, LEAST_BIN
from tagrefine_core.store import Entry, Store
from tagrefine_core.workflow.verdicts import user_name

__all__ = ["TagLimit", "TagRule", "TagRuleName", "set_tag_limit", "set_tag_rules", "tag_limits", "tag_rules"]

TagRuleName = Literal["leave", "judge"]


@dataclass(frozen=True)
class TagRule:
    """One tag of the list.

    Attributes
    ----------
    tag : str
    rule : {"leave", "judge"}
    known : bool
        Whether it is a tag of the collection. One that an import left out keeps its place, and has no effect until it is back.
    """

    tag: str
    rule: str
    known: bool


@dataclass(frozen=True)
class TagLimit:
    """From which probability on a tag is added, whatever is promised.

    Attributes
    ----------
    tag : str
    limit : float
        A multiple of 1 / 256.
    known : bool
        Whether it has an effect: it is a tag of the collection, and not one to be left alone.
    """

    tag: str
    limit: float
    known: bool


def tag_rules(store: Store, collection: str) -> list[TagRule]:
    """Return a collection's list by tag; CollectionError when there is no such collection."""
    opened = Collection.open(store, collection)
    vocabulary = set(opened.vocabulary)
    return [TagRule(tag, rule, tag in vocabulary) for tag, rule in store.tag_rules(opened.id).items()]


def set_tag_rules(
    store: Store,
    collection: str,
    tags: Sequence[str],
    rule: TagRuleName | None,
    *,
    by: str | None = None,
    key: str | None = None,
) -> None:
    """Put tags on a collection's list, or take them off; all of them, or none when one is not known. One step, undone as one.

    Parameters
    ----------
    collection : str
        Its name.
    tags : sequence of str
        Of the vocabulary; to be taken off, also those that the list has from an earlier import.
    rule : {"leave", "judge"} or None
        Neither add nor remove the tags; do both, whatever a picture can tell; as measured.
    by, key
        As `tagrefine_core.workflow.verdicts.decide`.

    Raises
    ------
    CollectionError
        When there is no such collection.
    ConfigError
        When a tag is not in the vocabulary, naming others spelled alike; when the rule is unknown.
    """
    if rule is not None and rule not in get_args(TagRuleName):
        raise ConfigError(f"rule={rule!r} is unknown; choose leave or judge, or None for as measured.")
    opened = Collection.open(store, collection)
    now = store.tag_rules(opened.id)
    opened.columns_of(tag for tag in tags if rule is not None or tag not in now)
    which = tags[0] if len(tags) == 1 else f"{len(tags):,} tags"
    words = {"leave": "always leave alone", "judge": "always judge", None: "as measured"}[rule]
    store.set_tag_rules(
        opened.id, dict.fromkeys(tags, rule), by=by or user_name(), note=f"{which}: {words}", key=key
    )


def tag_limits(store: Store, collection: str) -> list[TagLimit]:
    """Return the limits that people set for single tags, by tag; CollectionError when there is no such collection."""
    opened = Collection.open(store, collection)
    rules, vocabulary = store.tag_rules(opened.id), set(opened.vocabulary)
    return [
        TagLimit(tag, limit, tag in vocabulary and rules.get(tag) != "leave")
        for tag, limit in store.tag_limits(opened.id).items()
    ]


def set_tag_limit(
    store: Store,
    collection: str,
    tag: str,
    limit: float | None,
    *,
    by: str | None = None,
    key: str | None = None,
) -> float | None:
    """Say from which probability on a tag is added, whatever is promised, or leave that to the promise again; one step.

    It holds in all that shows, exports or annotates, of every run. A tag that was to be left alone no longer is, and one that a picture
    was measured not to tell is judged.

    Parameters
    ----------
    collection : str
        Its name.
    tag : str
        Of the vocabulary; to be taken off, also one that has a limit from an earlier import.
    limit : float or None
        From 1 / 16 to below 1.
    by, key
        As `tagrefine_core.workflow.verdicts.decide`.

    Returns
    -------
    float or None
        The nearest multiple of 1 / 256, which is what is kept.

    Raises
    ------
    CollectionError
        When there is no such collection.
    ConfigError
        When the tag is not in the vocabulary, naming others spelled alike; when the limit is out of range.
    """
    opened = Collection.open(store, collection)
    if limit is not None or tag not in store.tag_limits(opened.id):
        tag = opened.vocabulary[int(opened.columns_of([tag])[0])]
    kept = None
    if limit is not None:
        if not LEAST_BIN / BINS <= limit < 1:
            raise ConfigError(
                f"A limit is a probability from {LEAST_BIN / BINS} to below 1, such as 0.6; got {limit}."
            )
        kept = min(round(limit * BINS), BINS - 1) / BINS
    entries = [Entry("limit", "", tag, None if kept is None else str(kept))]
    if kept is not None and store.tag_rules(opened.id).get(tag) == "leave":
        entries.append(Entry("rule", "", tag, None))
    words = "as promised" if kept is None else f"added from {kept:.2f} on"
    store.curation.add(opened.id, entries, by=by or user_name(), note=f"{tag}: {words}", key=key)
    return kept
