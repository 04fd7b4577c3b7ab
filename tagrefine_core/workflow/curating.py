"""The curator's list: tags that are always judged, or always left alone, whatever was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.store import Store
from tagrefine_core.workflow.verdicts import user_name

__all__ = ["TagRule", "TagRuleName", "set_tag_rules", "tag_rules"]

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


def tag_rules(store: Store, collection: str) -> list[TagRule]:
    """Return a collection's list by tag; CollectionError when there is no such collection."""
    opened = Collection.open(store, collection)
    vocabulary = set(opened.vocabulary)
    return [TagRule(tag, rule, tag in vocabulary) for tag, rule in store.tag_rules(opened.id).items()]


def set_tag_rules(store: Store, collection: str, tags: Sequence[str], rule: TagRuleName | None) -> None:
    """Put tags on a collection's list, or take them off; all of them, or none when one is not known.

    Parameters
    ----------
    collection : str
        Its name.
    tags : sequence of str
        Of the vocabulary; to be taken off, also those that the list has from an earlier import.
    rule : {"leave", "judge"} or None
        Neither add nor remove the tags; do both, whatever a picture can tell; as measured.

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
    listed = store.tag_rules(opened.id) if rule is None else {}
    opened.columns_of(tag for tag in tags if tag not in listed)
    store.set_tag_rules(opened.id, dict.fromkeys(tags, rule), by=user_name())
