"""Which tags may be one and the same, with what speaks for it: "warsaw, warszawa: merge?"."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.tags.look import feature_sums
from tagrefine_core.tags.wordnet import WordNet

__all__ = ["MergeProposal", "propose_merges"]

_LEAST = 0.2  # proposals that are less sure are not worth a look
_TWICE = 2  # photos that carry both, below which tags that WordNet does not join are not compared
_SHORT = 4  # letters, below which spellings tell nothing
_ALIKE = 0.7  # of spellings: as alike as unrelated words may be
_PRIOR = 2.0  # photos of the rarer tag without the other, that each tag is given beforehand


@dataclass(frozen=True)
class MergeProposal:
    """Two tags that may be one.

    Attributes
    ----------
    tag, into : int
        Columns; the one that fewer photos carry goes into the other.
    score : float
        In [0, 1], the higher the surer.
    meaning : float
        1 where WordNet has both as the first word for one thing, 1 / 2 where it is the second sense of one of them, and so on; 0 where it
        joins them in none.
    spelling : float
        How alike they are spelled, in [0, 1].
    together : int
        Photos that carry both.
    look : float
        How alike their photos are in the features of a run: the cosine of the mean features, what single photos with both tags make of it
        taken off, in [0, 1]; nan without a run.
    """

    tag: int
    into: int
    score: float
    meaning: float
    spelling: float
    together: int
    look: float


def propose_merges(
    vocabulary: Sequence[str],
    tags: sparse.csr_matrix,
    wordnet: WordNet,
    *,
    features: NDArray[np.floating] | None = None,
    apart: Collection[frozenset[str]] = (),
    top: int = 200,
) -> list[MergeProposal]:
    """List pairs of tags that may be one and the same, the surest first.

    A name has to speak for it (a synset of WordNet that both are in, or a spelling), and use as well (one photo carries both, as where
    people write a word in two languages, or their photos look alike): either alone finds opposites, parts and neighbors.

    Parameters
    ----------
    vocabulary : sequence of str, length C
    tags : csr (N, C), 0 or 1
    wordnet : WordNet
    features : (N, d) float array, optional
        Of a run; read in blocks.
    apart : collection of pairs
        Tags that somebody said are not one.
    top : int
        How many at most.
    """
    counts = np.bincount(tags.indices, minlength=len(vocabulary)).astype(np.float64)
    both = sparse.csr_matrix(tags.astype(np.float32).T @ tags.astype(np.float32))
    meanings = _meanings(vocabulary, wordnet)
    pairs = sorted(meanings.keys() | _spelled_alike(vocabulary, both))
    if not pairs:
        return []
    first, second = np.array(pairs).T
    together = np.asarray(both[first, second]).ravel()
    meaning = np.array([meanings.get(pair, 0.0) for pair in pairs])
    spelling = np.array([_spelling(vocabulary[a], vocabulary[b]) for a, b in pairs])
    name = np.minimum(1, meaning + 0.5 * np.clip((spelling - _ALIKE) / (1 - _ALIKE), 0, 1))
    use = together / (np.minimum(counts[first], counts[second]) + _PRIOR)
    look = np.full(len(pairs), np.nan)
    if features is not None:
        look = _look(tags, counts, np.asarray(first), np.asarray(second), together, features)
    score = name * (1 - (1 - use) * (1 - 0.7 * np.nan_to_num(look)))
    found: list[MergeProposal] = []
    for place in np.argsort(-score, kind="stable"):
        a, b = pairs[place]
        if score[place] < _LEAST or len(found) == top:
            break
        if frozenset((vocabulary[a], vocabulary[b])) in apart:
            continue
        rare, common = (a, b) if counts[a] <= counts[b] else (b, a)
        found.append(
            MergeProposal(
                rare,
                common,
                float(score[place]),
                float(meaning[place]),
                float(spelling[place]),
                int(together[place]),
                float(look[place]),
            )
        )
    return found


def _meanings(vocabulary: Sequence[str], wordnet: WordNet) -> dict[tuple[int, int], float]:
    """Return pairs (a < b) that share a synset, and how early it comes among the senses of both."""
    words = defaultdict(list)
    for column, tag in enumerate(vocabulary):
        for place, synset in enumerate(wordnet.reader.synsets(tag)):
            words[synset.name()].append((column, place))
    best: dict[tuple[int, int], float] = {}
    for named in words.values():
        for (a, i), (b, j) in combinations(named, 2):
            if a != b:
                pair = (min(a, b), max(a, b))
                best[pair] = max(best.get(pair, 0.0), 1 / ((1 + i) * (1 + j)))
    return best


def _spelled_alike(vocabulary: Sequence[str], both: sparse.csr_matrix) -> set[tuple[int, int]]:
    """Return pairs (a < b) with one first letter that some photos carry both of: all others would be too many to compare."""
    upper = sparse.triu(both, 1).tocoo()
    often = upper.data >= _TWICE
    return {
        (int(a), int(b))
        for a, b in zip(upper.row[often], upper.col[often], strict=True)
        if vocabulary[a][0] == vocabulary[b][0]
    }


def _spelling(a: str, b: str) -> float:
    if min(len(a), len(b)) < _SHORT or a[0] != b[0]:
        return 0.0
    return SequenceMatcher(None, a, b, autojunk=False).ratio()


def _look(
    tags: sparse.csr_matrix,
    counts: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    together: NDArray[np.float32],
    features: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Compare the mean features of tags; those of few photos, whose mean is mostly chance, come out less alike than they are."""
    sums = feature_sums(tags, features)
    pairs = counts[first] * counts[second]
    # A photo with both tags is like itself, which says nothing of the tags.
    product = (np.einsum("pd,pd->p", sums[first], sums[second]) - together) / np.maximum(pairs - together, 1)
    lengths = np.linalg.norm(sums, axis=1) / np.maximum(counts, 1)
    looks: NDArray[np.float64] = np.clip(product / np.maximum(lengths[first] * lengths[second], 1e-12), 0, 1)
    return looks
