"""Words that may be one: people who mean one thing by two spellings write both on one photo."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from tagrefine_core.tags.normalization import Lemma

__all__ = ["photos_by_name", "settle_doubts"]

# Of the pairs of singular and plural that WordNet is sure of, most that are on many photos pass all three; "water" and "sky", which go
# together as well, do not.
_PHOTOS = 3
_SHARE = 0.1  # of the photos of the rarer one
_LIFT = 5.0  # times as many as by chance


def settle_doubts(
    meanings: Sequence[tuple[Lemma, ...]], by_spelling: csr_matrix, *, fixed: Collection[str] = ()
) -> list[tuple[Lemma, ...]]:
    """Take a word for the other that it may be where enough photos carry both.

    Parameters
    ----------
    meanings : sequence of length R
        What each spelling counts for.
    by_spelling : csr (N, R), 0 or 1
        Which photo has which spelling.
    fixed : collection of str
        Names that stay what they are: labels, and what people said.
    """
    pairs = sorted({(one.name, one.doubt) for lemmas in meanings for one in lemmas if one.doubt} - {("", "")})
    pairs = [pair for pair in pairs if pair[0] not in fixed]
    known = {one.name for lemmas in meanings for one in lemmas if one.known}
    pairs = [pair for pair in pairs if pair[1] in known]
    if not pairs:
        return list(meanings)
    column = {name: place for place, name in enumerate(sorted({name for pair in pairs for name in pair}))}
    photos = photos_by_name(by_spelling, meanings, column)
    counts = np.asarray(photos.sum(axis=0), dtype=np.float64).ravel()
    both = csr_matrix(photos.T @ photos)
    settled = set()
    for name, other in pairs:
        together, a, b = both[column[name], column[other]], counts[column[name]], counts[column[other]]
        if (
            together >= _PHOTOS
            and together >= _SHARE * min(a, b)
            and together * photos.shape[0] >= _LIFT * a * b
        ):
            settled.add((name, other))
    return [
        tuple({one.name: one for one in (_settled(one, settled) for one in lemmas)}.values())
        if any(one.doubt for one in lemmas)
        else lemmas
        for lemmas in meanings
    ]


def _settled(lemma: Lemma, settled: Collection[tuple[str, str]]) -> Lemma:
    if (lemma.name, lemma.doubt) not in settled:
        return lemma
    relation = f"written together with {lemma.doubt.replace('_', ' ')}"
    return replace(lemma, name=lemma.doubt, known=True, relation=relation, doubt="")


def photos_by_name(
    by_spelling: csr_matrix, meanings: Sequence[tuple[Lemma, ...]], column: Mapping[str, int]
) -> csr_matrix:
    """Return which photo has which name, int32 (N, names), 0 or 1: two spellings of one name count once."""
    places = [
        (spelling, column[one.name])
        for spelling, lemmas in enumerate(meanings)
        for one in lemmas
        if one.name in column
    ]
    rows, columns = np.array(places, dtype=np.int64).reshape(-1, 2).T
    counts_for = csr_matrix(
        (np.ones(len(places), np.int32), (rows, columns)), shape=(len(meanings), len(column))
    )
    photos = csr_matrix(by_spelling @ counts_for)
    photos.data[:] = 1
    return photos
