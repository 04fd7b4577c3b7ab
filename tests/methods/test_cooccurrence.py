import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, UnsupportedTask
from tagrefine_core.methods.cooccurrence import TagCooccur, promotion
from tagrefine_core.methods.votes import TagVote

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*neighbors were asked:tagrefine_core.errors.TagRefineWarning"
)

PUBLISHED = {"m": 25, "kr": 4.0, "ks": 9.0, "kd": 11.0}


def test_published_example():
    # dog 0, animal 1, grass 2; the rest fill the lists of candidates before animal and dog.
    f = np.array([512, 2048, 128, *[200] * 60])
    joint = np.zeros((63, 63), dtype=np.int64)
    np.fill_diagonal(joint, f)
    joint[0, 1] = 300  # animal: second for dog
    joint[2, 3:6] = (90, 80, 70)
    joint[2, 0] = 60  # dog: fifth for grass
    joint[2, 6:30] = np.arange(59, 35, -1)
    joint[2, 1] = 35  # animal: thirtieth for grass
    per_tag = promotion(f, joint, **PUBLISHED).toarray()
    assert per_tag[0, :2] == pytest.approx([0.846154, 0.8], abs=1e-6)
    assert (per_tag[0, 1] + per_tag[2, 1]) / 2 == pytest.approx(0.4)
    assert (per_tag[0, 0] + per_tag[2, 0]) / 2 == pytest.approx(0.596154, abs=1e-6)


def test_ties_share_the_mean_of_their_ranks_after_the_tag_itself():
    # Tag 0 is on 4 images, tag 1 on all of them too; tags 2, 3 on two of them.
    joint = np.array([[4, 4, 2, 2], [4, 4, 2, 2], [2, 2, 2, 0], [2, 2, 0, 2]])
    even = {"kr": 1.0, "ks": 1e12, "kd": 1e12}  # stability and descriptiveness are 1/2 for all tags
    per_tag = 4 * promotion(joint.diagonal(), joint, m=3, **even).toarray()
    assert per_tag[0] == pytest.approx([1, 1 / 2, 0, 0])  # ranks 1, 2, 3.5, 3.5
    wider = 4 * promotion(joint.diagonal(), joint, m=4, **even).toarray()
    assert wider[0] == pytest.approx([1, 1 / 2, 1 / 3.5, 1 / 3.5])
    assert wider[2] == pytest.approx([1 / 2.5, 1 / 2.5, 1, 0])


def slow_scores(given, tags, m, kr, ks, kd):
    columns = tags.shape[1]
    f = [sum(int(row[t]) for row in tags) for t in range(columns)]
    known = [u for u in range(columns) if given[u] and f[u] > 0]
    scores = np.zeros(columns)
    for u in known:
        joint = {v: sum(int(row[u] and row[v]) for row in tags) for v in range(columns) if v != u}
        joint = {v: count for v, count in joint.items() if count}
        for c in [u, *joint]:
            if c == u:
                rank = 1.0
            else:
                before = sum(count > joint[c] for count in joint.values())
                tied = sum(count == joint[c] for count in joint.values())
                rank = 1 + before + (tied + 1) / 2
            if rank <= m:
                log_u, log_c = np.log2(f[u]), np.log2(f[c])
                scores[c] += kr / (kr + rank - 1) * ks / (ks + abs(ks - log_u)) * kd / (kd + abs(kd - log_c))
    return scores / max(1, len(known))


def small_data(seed=0, images=60, columns=9):
    rng = np.random.default_rng(seed)
    tags = (rng.random((images, columns)) < rng.uniform(0.05, 0.5, columns)).astype(np.uint8)
    tags[:, 0], tags[:, 1], tags[3] = 1, 0, 0
    return rng.normal(size=(images, 5)), tags


@pytest.mark.parametrize(
    "options", [PUBLISHED, {"m": 3, "kr": 2.0, "ks": 1.5, "kd": 4.0}, {**PUBLISHED, "m": 1}]
)
def test_against_plain_loops(options):
    features, tags = small_data()
    scores = TagCooccur(**options).fit(features, tags).refine(features, tags)
    for row, given in zip(scores, tags, strict=True):
        assert row == pytest.approx(slow_scores(given, tags, **options), abs=1e-6)


def test_what_was_never_used_has_no_score_and_no_say():
    features, tags = small_data()
    method = TagCooccur().fit(features, tags)
    other = np.zeros((3, 9), dtype=np.uint8)
    other[1, 1] = 1  # nobody used tag 1 when fitting
    other[2, [1, 4]] = 1
    scores = method.refine(features[:3], other)
    assert not scores[:2].any()
    assert scores[2] == pytest.approx(slow_scores(other[2], tags, **PUBLISHED), abs=1e-6)
    assert not method.refine(features, tags)[:, 1].any()


def test_visual_variant_multiplies_by_the_rank_of_the_vote():
    features, tags = small_data()
    plain = TagCooccur().fit(features, tags).refine(features, tags)
    for kc in (1.0, 3.0):
        visual = TagCooccur(visual=True, kc=kc, k=5).fit(features, tags).refine(features, tags)
        votes = TagVote(k=5).fit(features, tags).refine(features, tags)
        for image in range(len(tags)):
            for tag in range(tags.shape[1]):
                higher = np.sum(votes[image] > votes[image, tag])
                tied = np.sum(votes[image] == votes[image, tag])
                rank = higher + (tied + 1) / 2
                expected = plain[image, tag] * kc / (kc + rank - 1)
                assert visual[image, tag] == pytest.approx(expected, abs=1e-6)


def test_visual_variant_lets_users_vote_once():
    features, tags = small_data()
    users = [i % 4 for i in range(len(tags))]
    alone = TagCooccur(visual=True, k=5).fit(features, tags).refine(features, tags)
    with_users = TagCooccur(visual=True, k=5).fit(features, tags, users=users).refine(features, tags)
    assert not np.array_equal(alone, with_users)


@pytest.mark.parametrize("visual", [False, True])
def test_order_of_columns_does_not_matter(visual):
    features, tags = small_data()
    order = np.random.default_rng(1).permutation(tags.shape[1])
    plain = TagCooccur(visual=visual, k=5).fit(features, tags).refine(features, tags)
    turned = TagCooccur(visual=visual, k=5).fit(features, tags[:, order]).refine(features, tags[:, order])
    assert turned == pytest.approx(plain[:, order], abs=1e-6)


@pytest.mark.parametrize("visual", [False, True])
def test_one_image_and_one_tag(visual):
    method = TagCooccur(visual=visual).fit([[1.0]], [[1]])
    assert method.refine([[1.0]], [[1]])[0, 0] == pytest.approx(9 / 18 * 11 / 22)


def test_it_cannot_annotate():
    with pytest.raises(UnsupportedTask):
        TagCooccur().fit([[1.0]], [[1]]).annotate([[1.0]])


@pytest.mark.parametrize("options", [{"m": 0}, {"kr": 0}, {"ks": -1}, {"kd": np.inf}, {"kc": np.nan}])
def test_wrong_options_are_errors(options):
    with pytest.raises(ConfigError):
        TagCooccur(**options).fit([[1.0]], [[1]])
