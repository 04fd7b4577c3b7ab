"""What is said before a training begins: how long it takes, and that there is too little to learn from."""

import pytest

from tagrefine_core import progress as progress_module
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.files import write_json
from tagrefine_core.progress import Stopwatch, silent
from tagrefine_core.runs.run import LOOKS, STEPS, run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.fake_data import small_collection

PHOTOS = 100


@pytest.fixture
def photos(tmp_path) -> Collection:
    tags = [["sea"] if row % 4 == 0 else ["dog"] if row % 10 == 1 else [] for row in range(PHOTOS)]
    return small_collection(Store(tmp_path / "home"), tmp_path / "photos", tags=tags, labels=(), truth=None)


def add_run(collection: Collection, run_id: str, stages, *, photos: int = PHOTOS, **settings) -> None:
    store = collection.store
    store.create_run(
        run_id,
        collection.id,
        config=train_config(**settings).model_dump(),
        seed=0,
        data_hash=collection.data_hash,
        versions={},
    )
    store.set_run_state(run_id, "finished")
    write_json(run_folder(store.home, run_id) / "seconds.json", {"photos": photos, "stages": stages})


def expected(collection: Collection, **settings) -> workflow.ExpectedTime:
    return workflow.expected_time(collection.store, collection, train_config(**settings))


def test_before_the_first_run_a_wide_range_is_told_from_a_table(photos):
    found = expected(photos)
    assert not found.own and found.looks == PHOTOS and 0 < found.low < found.high
    assert found.high / found.low >= 4, "honest about another machine"
    vgg = expected(photos, preset="paper")
    assert vgg.low > 20 * found.low and vgg.looks == 0, "its pictures pass the network at every step"


def test_after_a_run_its_own_seconds_count(photos):
    # 100 photos looked at in two views in 10 s, 20 steps in 4 s, the rest in 6 s.
    add_run(
        photos,
        "r1",
        {LOOKS: (10.0, 100), STEPS[1]: (4.0, 20), "Scoring": (5.0, 100), "Refining tags": (1.0, 7)},
    )
    found = expected(photos)
    assert found.own and found.looks == PHOTOS
    # One step an epoch, 20 epochs: 5 s to load, 10 s to look, 4 s to learn, 6 s for the rest.
    assert (found.low, found.high) == pytest.approx((0.7 * 25, 1.5 * 25))
    assert expected(photos, preset="fast").high == pytest.approx(1.5 * 21), "no steps"
    other = expected(photos, network={"backbone": "resnet50"})
    assert not other.own, "how fast another network looks is not known"


def test_what_was_looked_at_is_not_looked_at_again(photos):
    add_run(photos, "r1", {LOOKS: (10.0, 100), STEPS[1]: (4.0, 20), "Scoring": (6.0, 100)})
    folder = photos.store.home / "cache" / "features" / "k"
    write_json(folder / "done.json", {"rows": PHOTOS - 1})
    assert expected(photos).looks == PHOTOS, "not all of it"
    write_json(folder / "done.json", {"rows": PHOTOS})
    found = expected(photos)
    assert found.looks == 0 and found.high == pytest.approx(1.5 * 15)
    assert expected(photos, network={"views": 1}).looks == PHOTOS, "another feature"


def test_many_photos_take_more_than_their_share_of_the_search(photos):
    add_run(photos, "r1", {STEPS[1]: (4.0, 20), "Scoring": (6.0, 25)}, photos=25)
    looked = expected(photos, preset="fast")
    # Four times the photos: eight times the search; looking is told from the table.
    assert not looked.own and looked.high > 2.5 * (5 + 8 * 6)


def test_a_run_that_was_stopped_tells_nothing(photos):
    add_run(photos, "r1", {})
    assert not expected(photos).own


def test_too_little_to_learn_from_is_said(photos, tmp_path):
    assert "100 photos, and 1 tag stands on 20 of them" in workflow.too_little(photos)
    one = small_collection(photos.store, tmp_path / "one", name="one", tags=[["sea"]], labels=(), truth=None)
    assert "1 photo, and no tag stands" in workflow.too_little(one)


def test_a_stopwatch_gives_each_stage_its_seconds(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    heard = []
    watch = Stopwatch(lambda *told: heard.append(told))
    for seconds, told in (
        (3, ("look", 0, 10)),
        (4, ("look", 4, 10)),
        (6, ("look", 10, 10)),
        (9, ("learn", 1, 2)),
        (10, ("learn", 2, 2)),
    ):
        now[0] = float(seconds)
        watch(*told)
    now[0] = 15.0
    watch.stop()
    # What passes before a stage is heard of belongs to the one before; before the first, to the first.
    assert watch.stages == {"look": (9.0, 10), "learn": (6.0, 1)}
    assert heard[-1] == ("learn", 2, 2)
    Stopwatch(silent).stop()
