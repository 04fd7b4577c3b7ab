"""The paper's preprocessing: from raw user tags to the vocabulary and the tag matrix (section "Data Preprocessing")."""

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, LabelError
from tagrefine_core.store import TagRecord, stands_for
from tagrefine_core.tags.doubts import photos_by_name, settle_doubts
from tagrefine_core.tags.normalization import Lemma, lemmatize, normalize
from tagrefine_core.tags.spelling import Spellings
from tagrefine_core.tags.wordnet import WordNet

__all__ = ["Vocabulary", "build_vocabulary"]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tags of a collection and which photo carries which.

    Parameters
    ----------
    tags : tuple of str, length C
        WordNet lemmas (``_`` between words) in alphabetical order.
    label_columns : ndarray of int64, shape (L,)
        Column of each label, in the order of the labels.
    matrix : csr_matrix of uint8, shape (N, C)
        1 where a photo's user tags contain the tag.
    frequency : ndarray of int64, shape (C,)
        Photos by tag.
    decisions : tuple of TagRecord
        One for every distinct spelling, the most frequent first.
    forced : tuple of str
        Tags that are too rare or not in WordNet and stay only because they are labels.
    """

    tags: tuple[str, ...]
    label_columns: NDArray[np.int64]
    matrix: csr_matrix
    frequency: NDArray[np.int64]
    decisions: tuple[TagRecord, ...]
    forced: tuple[str, ...]


def build_vocabulary(
    raw_tags: Sequence[Sequence[str]],
    labels: Sequence[str],
    *,
    min_fraction: float = 0.001,
    wordnet: WordNet,
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> Vocabulary:
    """Read what each tag means, keep what WordNet has and enough photos carry; labels stay in any case.

    A raw tag counts for all levels of a hierarchy that are tags (`tagrefine_core.tags.spelling`). Where WordNet leaves open whether a word
    is the plural of another, or an English one without its accents, use decides (`tagrefine_core.tags.doubts`).

    Synonyms are not merged (the paper does not), but where somebody said so. Two raw tags of a photo that fall on one lemma count once.

    Parameters
    ----------
    raw_tags : sequence of sequences of str, length N
        User tags by photo, as typed.
    labels : sequence of str, length L
        Names of the ground-truth labels; each is lemmatized like a tag.
    min_fraction : float, default 0.001
        A tag needs at least this part of the N photos; exactly that many is enough.
    aliases : mapping of str to str
        What names count for, as people said: a spelling, however it is typed (`normalize`), else the lemma that it falls on. The tag need
        not be in WordNet; a spelling may stand for itself, and an empty one leaves the name out, unless it is a label.

    Raises
    ------
    LabelError
        When a label is empty, or two labels are the same tag.
    ConfigError
        When ``min_fraction`` is not between 0 and 1.
    """
    if not 0 <= min_fraction <= 1:
        raise ConfigError(f"min_fraction is a part of the photos, from 0 to 1; got {min_fraction}.")
    n_images = len(raw_tags)
    spellings, by_spelling = _spelling_matrix(raw_tags)
    said = {normalize(name): tag for name, tag in aliases.items()}
    label_tags = _label_tags(labels, wordnet, said)
    meanings = _meanings(spellings, set(label_tags), said, wordnet)  # each distinct spelling once
    meanings = settle_doubts(meanings, by_spelling, fixed={*label_tags, *said, *said.values()})

    names = sorted({lemma.name for lemmas in meanings for lemma in lemmas if lemma.known} | set(label_tags))
    column = {name: i for i, name in enumerate(names)}
    by_lemma = photos_by_name(by_spelling, meanings, column)
    frequency = np.asarray(by_lemma.sum(axis=0), np.int64).ravel()

    # The decimal that was written, not its binary neighbor: 0.07 * 100 is a little more than 7 in floats.
    minimum = max(1, math.ceil(Fraction(str(float(min_fraction))) * n_images))
    forced = {name for name in label_tags if name not in wordnet or frequency[column[name]] < minimum}
    kept = [i for i, name in enumerate(names) if frequency[i] >= minimum or name in forced]
    tags = tuple(names[i] for i in kept)
    new_column = {tag: i for i, tag in enumerate(tags)}

    rare = f"of {n_images:,} photos, fewer than {100 * min_fraction:g} %"
    decisions = []
    for raw, count, lemmas in zip(
        spellings, np.asarray(by_spelling.sum(axis=0)).ravel().tolist(), meanings, strict=True
    ):
        own = [lemma for lemma in lemmas if lemma.name in new_column]
        if own:
            above = tuple(lemma.name for lemma in own[1:])
            decisions.append(_kept(raw, count, own[0], above, is_forced=own[0].name in forced))
        else:
            on = f"on {frequency[column[lemmas[0].name]]:,} {rare}" if lemmas[0].known else ""
            reason = ", ".join(filter(None, (lemmas[0].relation, on)))
            decisions.append(TagRecord(raw, count, "dropped", None, reason))
    matrix = csr_matrix(by_lemma[:, kept], dtype=np.uint8)
    matrix.sort_indices()
    return Vocabulary(
        tags=tags,
        label_columns=np.array([new_column[name] for name in label_tags], dtype=np.int64),
        matrix=matrix,
        frequency=frequency[kept],
        decisions=tuple(sorted(decisions, key=lambda decision: (-decision.count, decision.raw))),
        forced=tuple(sorted(forced)),
    )


def _meanings(
    spellings: Sequence[str], label_tags: Collection[str], aliases: Mapping[str, str], wordnet: WordNet
) -> list[tuple[Lemma, ...]]:
    """Return what each spelling counts for, the most specific first: what people said of the whole of it, a label, else its own words."""
    reader = Spellings(spellings, wordnet)
    found: list[tuple[Lemma, ...]] = []
    for raw in spellings:
        whole = normalize(raw)
        if whole in aliases or whole in label_tags:
            found.append((_as_said(raw, lemmatize(raw, wordnet), aliases),))
        else:
            said = (_as_said(raw, lemma, aliases) for lemma in reader.read(raw))
            found.append(tuple({lemma.name: lemma for lemma in said}.values()))
    return found


def _as_said(raw: str, lemma: Lemma, aliases: Mapping[str, str]) -> Lemma:
    """Return what people said that a spelling counts for, else its lemma."""
    spelling = normalize(raw)
    key = spelling if spelling in aliases else lemma.name
    if key not in aliases:
        return lemma
    name = stands_for(aliases, key)
    if not name:
        return Lemma("", False, "you said: leave it out")
    shown = name.replace("_", " ")
    return Lemma(name, True, "" if raw in (name, shown) else f"you said: counts for {shown}")


def _spelling_matrix(raw_tags: Sequence[Sequence[str]]) -> tuple[list[str], csr_matrix]:
    """Return the distinct spellings and a 0/1 matrix of photos by spelling."""
    ids: dict[str, int] = {}
    columns = np.fromiter(
        (ids.setdefault(raw, len(ids)) for raw in itertools.chain.from_iterable(raw_tags)), dtype=np.int64
    )
    starts = np.concatenate([[0], np.cumsum([len(tags) for tags in raw_tags], dtype=np.int64)])
    matrix = csr_matrix((np.ones(len(columns), np.int32), columns, starts), shape=(len(raw_tags), len(ids)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return list(ids), matrix


def _label_tags(labels: Sequence[str], wordnet: WordNet, aliases: Mapping[str, str]) -> list[str]:
    """Return the tag of each label."""
    owner: dict[str, str] = {}
    for label in labels:
        lemma = lemmatize(label, wordnet)
        name = _as_said(label, lemma, aliases).name or lemma.name
        if not name:
            raise LabelError(f"A label has no name: {label!r}. Name every label in the ground truth.")
        if name in owner:
            raise LabelError(
                f"The labels {owner[name]!r} and {label!r} are both the tag {name!r}. Merge or rename one of them."
            )
        owner[name] = label
    return list(owner)


def _kept(raw: str, count: int, lemma: Lemma, above: tuple[str, ...], *, is_forced: bool) -> TagRecord:
    """Return the decision on a spelling whose tag is in the vocabulary."""
    shown = lemma.name.replace("_", " ")
    is_itself = raw in (lemma.name, shown)
    # A label that WordNet does not know matches by its normalized spelling.
    relation = lemma.relation if lemma.known else "" if is_itself else f"spelling variant of {shown}"
    reason = ", ".join(filter(None, (relation, "kept because it is a label" if is_forced else "")))
    return TagRecord(
        raw,
        count,
        "kept" if is_itself else "merged",
        lemma.name,
        reason or "in WordNet, on enough photos",
        above,
    )
