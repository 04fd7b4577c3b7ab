"""Hypernym graphs with information content, read from WordNet's own files.

Resnik (1995): a concept's frequency is the number of uses of the concept and of everything below it, and its
information content is ``IC = -ln(frequency / total)``. Uses are the sense-tagged words behind ``cntlist.rev``, so
no use is divided among senses. One is added to every synset before counting (add-one smoothing), hence every IC is
finite and a synset that was never tagged still weighs by what lies below it.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = [
    "InformationContent",
    "Taxonomy",
    "ancestors",
    "count_concepts",
    "read_hypernyms",
    "read_sense_counts",
    "read_thing_counts",
    "read_wholes",
    "read_word_counts",
    "steps_up",
]

InformationContent = dict[str, defaultdict[int, float]]
"""NLTK's form: part of speech -> synset offset -> frequency, with the total at offset 0."""

# "@" points to a hypernym, "@i" to the class an instance belongs to: NLTK and Resnik's count follow both.
_HYPERNYM = re.compile(rb" @i? (\d{8}) ")
# "#m" points to a group that the synset is a member of, "#p" to a whole that it is a part of.
_WHOLE = re.compile(rb" #[mp] (\d{8}) ")
# Nouns of animals, artifacts, body parts, food, places, natural objects, people, plants and substances.
_THINGS = frozenset((5, 6, 8, 13, 15, 17, 18, 20, 27))
_PART_OF_SPEECH = {b"1": "n", b"2": "v"}


@dataclass(frozen=True)
class Taxonomy:
    """Synsets of one part of speech: what is above each, and how specific each is.

    Parameters
    ----------
    parents : mapping of int to tuple of int
        Synset -> its direct hypernyms, instance hypernyms included.
    ic : mapping of int to float
        Synset -> information content, 0 at the root; a synset without one was never seen (infinite).
    """

    parents: Mapping[int, tuple[int, ...]]
    ic: Mapping[int, float]
    _lineages: dict[int, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    def lineage(self, synset: int) -> tuple[int, ...]:
        """Return the synset and all its ancestors by ascending information content."""
        if synset not in self._lineages:
            known = ancestors(self.parents, synset)
            self._lineages[synset] = tuple(sorted(known, key=lambda each: (self.content(each), each)))
        return self._lineages[synset]

    def content(self, synset: int) -> float:
        """Return the information content of a synset, in nats."""
        return self.ic.get(synset, math.inf)

    def subsumer(self, first: int, second: int) -> int | None:
        """Return the most informative common ancestor, or None where the two have none (verbs have many roots)."""
        above = set(self.lineage(second))
        common = [each for each in self.lineage(first) if each in above]
        return common[-1] if common else None


def steps_up(parents: Mapping[int, Sequence[int]], synset: int) -> dict[int, int]:
    """Return every ancestor of a synset, itself included, with the fewest steps up to it."""
    steps = {synset: 0}
    waiting = [synset]
    for each in waiting:  # grows as it goes
        for above in parents.get(each, ()):
            if above not in steps:
                steps[above] = steps[each] + 1
                waiting.append(above)
    return steps


def ancestors(parents: Mapping[int, Sequence[int]], synset: int) -> set[int]:
    """Return the synset and everything above it, each once whatever the number of paths."""
    return set(steps_up(parents, synset))


def read_hypernyms(data: bytes) -> dict[int, tuple[int, ...]]:
    """Read the direct hypernyms of every synset from the bytes of ``data.noun`` or ``data.verb``."""
    return _read_pointers(data, _HYPERNYM)


def read_wholes(data: bytes) -> dict[int, tuple[int, ...]]:
    """Read what every synset is a part or a member of, from the bytes of ``data.noun``."""
    return _read_pointers(data, _WHOLE)


def _read_pointers(data: bytes, pointer: re.Pattern[bytes]) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    for line in data.splitlines():
        if line[:1].isdigit():  # the license at the head of the file is indented
            columns = line.partition(b" | ")[0]
            found[int(line[:8])] = tuple(int(offset) for offset in pointer.findall(columns))
    return found


def read_sense_counts(cntlist: bytes, index_sense: bytes) -> dict[str, dict[int, int]]:
    """Read how often each noun and verb synset was tagged, from ``cntlist.rev`` and ``index.sense``.

    Returns
    -------
    dict
        ``{"n": {offset: count}, "v": {offset: count}}``; a synset's senses (its words) are added up.
    """
    tagged = {}
    for line in cntlist.splitlines():
        key, _sense_number, count = line.split()
        tagged[key] = int(count)
    counts: dict[str, dict[int, int]] = {"n": defaultdict(int), "v": defaultdict(int)}
    for line in index_sense.splitlines():
        key, _, rest = line.partition(b" ")
        if key in tagged:
            part_of_speech = _PART_OF_SPEECH.get(key.partition(b"%")[2][:1])
            if part_of_speech:
                counts[part_of_speech][int(rest[:8])] += tagged[key]
    return counts


def read_word_counts(cntlist: bytes) -> Counter[tuple[str, str]]:
    """Read how often each lemma was tagged as a part of speech, from ``cntlist.rev``: (lemma, "n", "v", "a" or "r") -> count."""
    counts: Counter[tuple[str, str]] = Counter()
    for lemma, part, _, count in _tagged(cntlist):
        counts[lemma, "nvara"[int(part) - 1]] += count  # satellites, the fifth, are adjectives
    return counts


def read_thing_counts(cntlist: bytes) -> Counter[str]:
    """Read how often each noun was tagged as something that a photo can show, from ``cntlist.rev``, by the files of lexnames(5WN)."""
    counts: Counter[str] = Counter()
    for lemma, part, file, count in _tagged(cntlist):
        if part == "1" and int(file) in _THINGS:
            counts[lemma] += count
    return counts


def _tagged(cntlist: bytes) -> Iterator[tuple[str, str, str, int]]:
    """Yield the lemma, part of speech, file of lexnames(5WN) and count of every sense; of its key the first three (senseidx(5WN))."""
    for line in cntlist.decode().splitlines():
        key, _sense_number, count = line.split()
        lemma, _, rest = key.partition("%")
        part, file, *_ = rest.split(":")
        yield lemma, part, file, int(count)


def count_concepts(
    parents: Mapping[int, tuple[int, ...]], counts: Mapping[int, int], *, smoothing: float = 1.0
) -> defaultdict[int, float]:
    """Count every use of a synset for the synset and for each of its ancestors.

    Parameters
    ----------
    parents : mapping of int to tuple of int
        Every synset -> its direct hypernyms.
    counts : mapping of int to int
        Synset -> own uses; synsets that are absent have none.
    smoothing : float, default 1
        Added to the own uses of every synset.

    Returns
    -------
    defaultdict of int to float
        Synset -> frequency, never above that of an ancestor; the total is at offset 0, as NLTK wants it.
    """
    frequency: defaultdict[int, float] = defaultdict(float)
    for synset in parents:
        uses = counts.get(synset, 0) + smoothing
        frequency[0] += uses
        for each in steps_up(parents, synset):
            frequency[each] += uses
    return frequency
