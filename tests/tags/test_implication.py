"""What tags imply, in a small taxonomy of our own and in the real WordNet against NLTK's relations."""

from typing import ClassVar

import numpy as np

from tagrefine_core.tags import implied_tags, load, relation, wordnet_distance
from tagrefine_core.tags.taxonomy import Taxonomy, read_wholes

ENTITY, ANIMAL, BIRD, PARROT, FEATHER, FLOCK, WEATHER = range(1, 8)


class Toy:
    """A parrot is a bird, a bird an animal; a bird is a member of a flock, a feather a part of a bird."""

    senses_of: ClassVar = {
        "animal": (ANIMAL,),
        "bird": (BIRD, WEATHER),
        "fowl": (BIRD,),
        "parrot": (PARROT,),
        "feather": (FEATHER,),
        "flock": (FLOCK,),
        "storm": (WEATHER,),
    }
    wholes: ClassVar = {BIRD: (FLOCK,), FEATHER: (BIRD,)}
    nouns = Taxonomy(
        {
            ANIMAL: (ENTITY,),
            BIRD: (ANIMAL,),
            PARROT: (BIRD,),
            FEATHER: (ENTITY,),
            FLOCK: (ENTITY,),
            WEATHER: (ENTITY,),
        },
        {ENTITY: 0.0, ANIMAL: 1.0, BIRD: 3.0, PARROT: 9.0, FEATHER: 9.0, FLOCK: 9.0, WEATHER: 9.0},
    )

    def senses(self, lemma, part_of_speech):
        return self.senses_of.get(lemma, ()) if part_of_speech == "n" else ()

    def taxonomy(self, part_of_speech):
        return self.nouns


def test_a_tag_implies_what_is_above_it_and_what_it_is_a_part_of():
    tags = [*Toy.senses_of, "unknown"]
    meant = implied_tags(tags, Toy())
    assert meant.dtype == np.float32 and meant.shape == (8, 8)

    def implied(tag):
        return {tags[t] for t in np.flatnonzero(meant[:, tags.index(tag)] == 1)}

    assert implied("parrot") == {"bird", "fowl", "animal", "flock"}
    assert implied("bird") == {"fowl", "animal", "flock"}
    assert implied("feather") == {"bird", "fowl", "animal"}
    assert implied("flock") == implied("animal") == implied("unknown") == set()
    assert implied("storm") == set()  # "bird" means a storm only by its second sense
    # By that sense the two are synonyms, hence close.
    assert meant[tags.index("bird"), tags.index("storm")] == 0.25
    assert not meant.diagonal().any()


def test_what_a_tag_is_to_one_that_it_implies():
    tags = [*Toy.senses_of, "unknown"]
    told = {(tag, other): relation(tag, other, Toy()) for tag in tags for other in tags if tag != other}
    synonyms = {("bird", "fowl"), ("fowl", "bird")}
    kinds = {
        ("parrot", "bird"),
        ("parrot", "fowl"),
        ("parrot", "animal"),
        ("bird", "animal"),
        ("fowl", "animal"),
    }
    parts = {(tag, "flock") for tag in ("parrot", "bird", "fowl")} | {
        ("feather", other) for other in ("bird", "fowl", "animal")
    }
    assert {pair for pair, what in told.items() if what == "synonym"} == synonyms
    assert {pair for pair, what in told.items() if what == "kind"} == kinds
    assert {pair for pair, what in told.items() if what == "part"} == parts
    # Who implies in full has a relation, and nobody else.
    meant = implied_tags(tags, Toy())
    assert {pair for pair, what in told.items() if what} == {
        (tags[s], tags[t]) for t, s in zip(*np.nonzero(meant == 1), strict=True)
    }


def test_it_agrees_with_the_relations_of_nltk():
    wordnet = load()
    tags = [
        "parrot",
        "bird",
        "boy",
        "people",
        "feather",
        "flower",
        "daisy",
        "car",
        "wheel",
        "paris",
        "france",
    ]
    meant = implied_tags(tags, wordnet)
    first = {tag: wordnet.reader.synsets(tag, "n")[0] for tag in tags}
    close = 1 - wordnet_distance(tags, wordnet=wordnet) >= 0.8
    for s, tag in enumerate(tags):
        above = set(first[tag].closure(lambda each: each.hypernyms() + each.instance_hypernyms())) | {
            first[tag]
        }
        for whole in [w for each in above for w in each.member_holonyms() + each.part_holonyms()]:
            above |= set(whole.closure(lambda each: each.hypernyms() + each.instance_hypernyms())) | {whole}
        for t, other in enumerate(tags):
            expected = 0.0 if s == t else 1.0 if first[other] in above else 0.25 * close[t, s]
            assert meant[t, s] == expected, (tag, other)
    assert (
        meant[tags.index("people"), tags.index("boy")] == 1
        and meant[tags.index("bird"), tags.index("parrot")] == 1
    )


def test_wholes_are_read_from_the_file_of_nouns():
    data = b"  1 a license\n00001740 03 n 01 petal 0 003 @ 00001930 n 0000 #p 00002137 n 0000 #m 00002452 n 0000 | of\n"
    assert read_wholes(data) == {1740: (2137, 2452)}
