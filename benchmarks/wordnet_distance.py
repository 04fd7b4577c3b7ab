"""Time the WordNet distance matrix against NLTK called pair by pair.

    python -m benchmarks.wordnet_distance --sizes 444 3010 --pairs 2000

NLTK's time is measured on random pairs of tags and extrapolated to all pairs; NLTK has parsed and cached every
synset before its clock starts. The last column is the largest difference between the two on those pairs.
"""

import argparse
import itertools
import resource
import sys
import time

import numpy as np

from tagrefine_core.tags import WordNet, load, wordnet_distance


def main() -> None:
    parser = argparse.ArgumentParser(
        description="WordNet distance: all pairs at once against NLTK pair by pair"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[444, 3010], help="numbers of tags")
    parser.add_argument("--pairs", type=int, default=1000, help="pairs that NLTK is timed on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    start = time.perf_counter()
    wordnet = load()
    loaded = time.perf_counter()
    wordnet.taxonomy("n"), wordnet.taxonomy("v")
    counted = time.perf_counter()
    print(f"WordNet {wordnet.version}, IC from {wordnet.ic_source}")
    print(
        f"opened in {loaded - start:.1f} s (NLTK's import included), IC counted in {counted - loaded:.1f} s\n"
    )
    print(
        f"{'tags':>6} {'senses':>7} {'pairs':>10} {'matrix':>9} {'NLTK':>10} {'ratio':>7} {'difference':>11}"
    )

    rng = np.random.default_rng(options.seed)
    words = sorted(lemma for lemma, parts in wordnet.reader.index.items() if len(parts.get("n", ())) > 1)
    for size in options.sizes:
        tags = rng.choice(words, min(size, len(words)), replace=False).tolist()
        start = time.perf_counter()
        matrix = wordnet_distance(tags, wordnet=wordnet)
        ours = time.perf_counter() - start
        pairs = rng.integers(len(tags), size=(options.pairs, 2)).tolist()
        difference, per_pair = compare_with_nltk(tags, pairs, matrix, wordnet)
        n_pairs = len(tags) * (len(tags) - 1) // 2
        senses = sum(len(wordnet.senses(tag, part)) for tag in tags for part in "nv")
        nltk = per_pair * n_pairs
        print(
            f"{len(tags):>6,} {senses:>7,} {n_pairs:>10,} {ours:>7.2f} s {nltk:>8,.0f} s {nltk / ours:>6,.0f}x {difference:>11.1e}"
        )
    unit = 2**20 if sys.platform == "darwin" else 2**10
    print(
        f"\npeak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:,.0f} MiB"
    )


def compare_with_nltk(
    tags: list[str], pairs: list[list[int]], matrix: np.ndarray, wordnet: WordNet
) -> tuple[float, float]:
    """Return the largest difference to NLTK over the pairs, and NLTK's seconds a pair."""
    senses = {
        (tag, part): [wordnet.synset(part, offset) for offset in wordnet.senses(tag, part)]
        for tag in {tags[i] for i in itertools.chain.from_iterable(pairs)}
        for part in "nv"
    }
    difference = 0.0
    start = time.perf_counter()
    for i, j in pairs:
        lin = max(
            (
                a.lin_similarity(b, wordnet.ic)
                for part in "nv"
                for a, b in itertools.product(senses[tags[i], part], senses[tags[j], part])
            ),
            default=0.0,
        )
        difference = max(difference, abs(matrix[i, j] - (1 - lin)))
    return difference, (time.perf_counter() - start) / len(pairs)


if __name__ == "__main__":
    main()
