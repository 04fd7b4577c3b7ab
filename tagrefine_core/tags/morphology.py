"""From a form of a word to its dictionary form, where that is the same thing.

WordNet's own procedure (morphy) takes endings off until some lemma appears: "does" becomes a deer, "lest" the numeral l, and "eyes" is left
alone since WordNet also has it as "opinion". A tag names what a photo shows, so here an ending comes off only where English puts it, and
which of two lemmas is meant is told by how often each was found in text (the sense-tagged words behind ``cntlist.rev``).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from tagrefine_core.tags.taxonomy import ancestors

if TYPE_CHECKING:
    from tagrefine_core.tags.wordnet import WordNet

__all__ = ["Form", "Morphology"]

_VOWELS = frozenset("aeiouy")
_SYLLABLE = re.compile("[aeiouy]+")
_HISSING = ("s", "x", "z", "ch", "sh", "o")  # what -es, not -s, is put to
# What morphy takes off, and what it puts there instead (morphy(7WN)).
_ENDINGS = {
    "n": (("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y")),
    "v": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "a": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
}  # fmt: skip
_TAILS = {part: tuple({ending for ending, _ in endings}) for part, endings in _ENDINGS.items()}
_OFTEN = 5  # times that a noun was found, so that one that was never found says nothing beside it
_KEPT = 100_000  # words whose forms are remembered
_FAR_MORE = 20  # times as often, as a thing is meant rather than a way of speaking of it


class Form(NamedTuple):
    """What a form is of: its lemma, how it came about, and a singular that it may be of as well ("" for none)."""

    lemma: str
    kind: Literal["", "plural", "form"]
    doubt: str = ""


class Morphology:
    """Dictionary forms by WordNet.

    Parameters
    ----------
    wordnet : WordNet
    """

    def __init__(self, wordnet: "WordNet") -> None:
        self._wordnet = wordnet
        self._index = wordnet.reader.index
        self._exceptions = wordnet.reader._exception_map
        self._uses = wordnet.uses
        # A word stands in many spellings: by itself, as a level, behind a namespace.
        self.form = lru_cache(maxsize=_KEPT)(self._form)

    def _form(self, word: str) -> Form | None:
        """Return what a word is a form of, or None when WordNet does not know it.

        Nouns come first, since tags name things; then a word that is a lemma itself ("abandoned" is an adjective), then verbs and adjectives.
        """
        if "n" in self._index.get(word, ()):
            return self._odd_plural(word)
        singular = next(self._singulars(word), None)
        if word in self._index:
            own = sum(self._uses[word, part] for part in "var")
            found = 0 if singular is None else self._uses[singular, "n"]
            # "needs" and "bats" are needs and bats; "alas", never found as either, is not the plural of a wing.
            is_plural = singular and (found > own or (found == own and "r" not in self._index[word]))
            return Form(str(singular), "plural") if is_plural else Form(word, "")
        verb = next(self._verbs(word), None)
        if singular and not (verb and verb != singular and not self._uses[singular, "n"]):
            return Form(singular, "plural")
        other = verb or next(self._adjectives(word), None)
        return Form(other, "form") if other else None

    def is_name(self, lemma: str) -> bool:
        """Tell whether WordNet has a noun only as the name of one thing: a person, a place."""
        senses = self._index.get(lemma, {}).get("n", ())
        return bool(senses) and all(self._wordnet.synset("n", one).instance_hypernyms() for one in senses)

    def _odd_plural(self, word: str) -> Form:
        """Decide on a noun that looks like the plural of another: "eyes", that WordNet has as an opinion, are eyes."""
        for singular in self._singulars(word):
            first = self._wordnet.synset("n", self._index[singular]["n"][0])
            if first.instance_hypernyms() or self._is_acronym(word):
                continue  # names have no plural, and AIDS are not several aids
            if (decided := self._is_plural(word, singular)) is not False:
                return Form(singular, "plural") if decided else Form(word, "", singular)
        return Form(word, "")

    def _is_plural(self, word: str, singular: str) -> bool | None:
        """Return whether people mean several of the singular; None where only use in a collection can tell."""
        plural_uses, uses = self._uses[word, "n"], self._uses[singular, "n"]
        senses, singular_senses = self._index[word]["n"], self._index[singular]["n"]
        if set(senses) & set(singular_senses):
            return uses > plural_uses  # two words for one thing: the usual one, as it is where both are
        if uses < plural_uses:
            return None
        if self._is_above(senses[0], singular_senses[0]):
            return True  # cows are cattle, and so is a cow
        if uses == plural_uses:
            return None
        if self._wordnet.synset("n", senses[0]).instance_hypernyms():
            # Rosa Parks is in few photos of parks; a place is what photos are tagged with.
            return True if self._is_a(senses[0], "person.n.01") else None
        shown = any(self._is_a(sense, "physical_entity.n.01") for sense in senses)
        singular_shown = self._is_a(singular_senses[0], "physical_entity.n.01")
        if not shown and singular_shown and (word.endswith("s") or uses >= _OFTEN):
            return True  # a photo shows the thing, not what the plural says in a figure; "stamina" is no plural to most
        if shown and not singular_shown:
            return None
        seldom = plural_uses == 0 and uses >= _OFTEN
        return True if seldom or (not shown and uses >= _FAR_MORE * plural_uses > 0) else None

    def _singulars(self, word: str) -> Iterator[str]:
        # WordNet's own morph.c takes nothing off "ss" and words of two letters; NLTK does.
        if word.endswith("ss") or len(word) <= 2:
            return
        for stem in self._stems(word, "n"):
            # Two letters are abbreviations in WordNet, unless each is spoken: "its" are not several IT, TVs are.
            if len(stem) > 2 or (len(stem) == 2 and not _VOWELS & set(stem)) or word in self._exceptions["n"]:
                yield stem

    def _verbs(self, word: str) -> Iterator[str]:
        return (one for one in self._stems(word, "v") if self._is_mostly(one, "v"))

    def _adjectives(self, word: str) -> Iterator[str]:
        return (one for one in self._stems(word, "a") if self._is_mostly(one, "a"))

    def _stems(self, word: str, part: Literal["n", "v", "a"]) -> Iterator[str]:
        """Yield the lemmas of a part of speech that a word may be a form of, without itself."""
        exceptions = self._exceptions[part]
        if word in exceptions:
            yield from (one for one in exceptions[word] if one != word and part in self._index.get(one, ()))
            return
        if not word.endswith(_TAILS[part]):
            return
        for ending, other in _ENDINGS[part]:
            stem = word.removesuffix(ending)
            if stem == word or not stem or part not in self._index.get(stem + other, ()):
                continue
            if part != "n" and not self._is_english(stem, ending, other, exceptions):
                continue
            yield stem + other

    @staticmethod
    def _is_english(stem: str, ending: str, other: str, exceptions: dict[str, list[str]]) -> bool:
        """Tell whether English puts an ending of a verb or an adjective to a stem."""
        # Porter (1980), condition *v*: "Bing" is not being, "lest" not more than l.
        if not _VOWELS & set(stem):
            return False
        if ending == "es" and not other:
            return stem.endswith(_HISSING)
        # WordNet lists forms with a doubled letter: as "hammed" is of ham, "Hamed" is a name. Of longer words both are right: "canceled".
        is_short = len(_SYLLABLE.findall(stem)) == 1
        return bool(other) or not (is_short and stem in exceptions.get(stem + stem[-1] + ending, ()))

    def _is_mostly(self, lemma: str, part: str) -> bool:
        """Tell whether a lemma is found as a verb or an adjective at least as often as it is as a noun, or the two are one thing.

        As a tag the lemma is a thing: parked cars are no park, what was kissed is a kiss.
        """
        nouns = self._index[lemma].get("n")
        if not nouns or self._uses[lemma, part] >= self._uses[lemma, "n"]:
            return True
        first = self._wordnet.synset(part, self._index[lemma][part][0])
        with self._wordnet.lock:
            related = {
                one.synset().offset()
                for each in first.lemmas()
                for one in each.derivationally_related_forms()
            }
        return nouns[0] in related

    def _is_a(self, offset: int, name: str) -> bool:
        with self._wordnet.lock:
            above = self._wordnet.reader.synset(name).offset()
        return self._is_above(above, offset)

    def _is_above(self, above: int, offset: int) -> bool:
        return above in ancestors(self._wordnet.taxonomy("n").parents, offset)

    def _is_acronym(self, word: str) -> bool:
        with self._wordnet.lock:
            written = {
                one.name()
                for sense in self._index[word]["n"]
                for one in self._wordnet.synset("n", sense).lemmas()
            }
        return word.upper() in written and word not in written
