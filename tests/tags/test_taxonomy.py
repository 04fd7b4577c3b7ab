import math

import pytest

from tagrefine_core.tags.taxonomy import Taxonomy, count_concepts, read_hypernyms, read_sense_counts

# 1 root; 2 and 3 below it; 4 below both 2 and 3.
DIAMOND = {1: (), 2: (1,), 3: (1,), 4: (2, 3)}


def test_counting_reaches_every_ancestor_once():
    # By hand: own uses with one added are 1, 3, 1, 6 for synsets 1-4; the diamond must not count 4 twice at the root.
    frequency = count_concepts(DIAMOND, {2: 2, 4: 5})
    assert frequency == {0: 11, 1: 11, 2: 9, 3: 7, 4: 6}


def test_smoothing_can_be_switched_off():
    assert count_concepts(DIAMOND, {4: 5}, smoothing=0)[3] == 5


def test_lineage_ascends_and_subsumer_is_the_most_informative():
    taxonomy = Taxonomy({**DIAMOND, 5: (3,)}, {1: 0.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0})
    assert taxonomy.lineage(4) == (1, 2, 3, 4)
    assert taxonomy.subsumer(4, 5) == 3
    assert taxonomy.subsumer(4, 2) == 2
    assert taxonomy.subsumer(4, 4) == 4


def test_no_common_root_and_unseen_synsets():
    taxonomy = Taxonomy({1: (), 2: ()}, {1: 0.0})
    assert taxonomy.subsumer(1, 2) is None
    assert taxonomy.content(2) == math.inf


def test_reads_hypernyms_and_instance_hypernyms_only():
    data = (
        b"  1 a line of the license\n"
        b"00000010 03 n 01 entity 0 000 | all of it\n"
        b"00000020 05 n 01 dog 0 002 @ 00000010 n 0000 ~ 00000030 n 0000 | a dog @ 00000099 n in the gloss\n"
        b"00000030 05 n 01 Lassie 0 001 @i 00000020 n 0000 | that dog\n"
    )
    assert read_hypernyms(data) == {10: (), 20: (10,), 30: (20,)}


def test_sense_counts_add_up_by_synset_and_leave_out_adjectives():
    counts = read_sense_counts(
        b"blue%3:00:00:: 1 9\ndog%1:05:00:: 1 4\nhound%1:05:01:: 1 3\nrun%2:38:00:: 1 2\n",
        b"blue%3:00:00:: 00000001 1 9\ndog%1:05:00:: 00000020 1 4\nhound%1:05:01:: 00000020 1 3\n"
        b"rare%1:05:02:: 00000030 1 0\nrun%2:38:00:: 00000040 1 2\n",
    )
    assert counts == {"n": {20: 7}, "v": {40: 2}}


@pytest.mark.parametrize("part", ["n", "v"])
def test_real_ancestors_are_never_more_informative(wordnet, part):
    taxonomy = wordnet.taxonomy(part)
    assert len(taxonomy.parents) > 10_000
    assert all(
        taxonomy.content(parent) <= taxonomy.content(synset)
        for synset, parents in taxonomy.parents.items()
        for parent in parents
    )
    assert min(taxonomy.ic.values()) >= 0
