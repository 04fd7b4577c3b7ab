"""What a job is asked to do, what it makes, and what it means to do it again."""

import pytest

from tagrefine_core.experiments.table import table_id
from tagrefine_core.jobs import recording
from tagrefine_core.workflow import Work, again, record_job


def ended(store, work, state="failed"):
    job = record_job(store, work)
    store.update_job(job, state=state)
    return store.job(job)


def test_a_new_run_has_its_id_from_the_start(store):
    first, second = (
        ended(store, Work("train", "holiday", {"seed": 1})),
        ended(store, Work("demo", "demo", {"images": 120})),
    )
    assert first.run_id and second.run_id and first.run_id != second.run_id
    assert (first.command, first.collection, first.options) == ("train", "holiday", {"seed": 1})
    assert ended(store, Work("train", "holiday", {"resume": "holiday-run"})).run_id == "holiday-run"
    assert ended(store, Work("refine", "holiday", {"out": "/a.csv"}, "holiday-run")).run_id == "holiday-run"
    assert ended(store, Work("ablate", "holiday")).run_id is None


def test_a_comparison_has_the_id_of_its_table_from_the_start(store):
    def made(**options):
        return ended(store, Work("benchmark", "holiday", {"task": "refinement", **options})).table_id

    assert made() == table_id("hash", {"task": "refinement"})
    assert made() == made(methods="all", repeats=5, budget=12), "what is the default anyhow"
    assert made(methods="knn, nmf") == table_id("hash", {"task": "refinement", "methods": "knn,nmf"})
    assert made(out="/results") == made(), "copies are no other table"
    others = [{"seed": 1}, {"repeats": 2}, {"budget": 3}, {"preset": "paper"}, {"mode": "assigned"}]
    others += [
        {"settings": ["scoring.smooth=0"]},
        {"weights": "none"},
        {"backbone": "vgg16"},
        {"methods": "knn"},
        {"method_file": ["/own.py"]},
    ]
    assert len({made(), *(made(**other) for other in others)}) == len(others) + 1
    with store.transaction() as connection:
        connection.execute("UPDATE collections SET data_hash = 'new'")
    assert made() == table_id("new", {"task": "refinement"})


@pytest.mark.parametrize("state", ["interrupted", "cancelled"])
@pytest.mark.parametrize("command", ["train", "demo"])
def test_again_goes_on_with_a_run_that_was_stopped(store, command, state):
    job = record_job(store, Work(command, "holiday", {"seed": 1}))
    run = store.job(job).run_id
    store.create_run(run, store.collection("holiday").id, config={}, seed=0, data_hash="hash", versions={})
    store.set_run_state(run, state)
    store.update_job(job, state=state)
    assert again(store, store.job(job)) == Work("train", "holiday", {"resume": run})
    for ending in ("finished", "failed"):
        store.set_run_state(run, ending)
        assert again(store, store.job(job)) == Work(command, "holiday", {"seed": 1})
    store.set_run_state(run, state)
    with store.transaction() as connection:
        connection.execute("UPDATE collections SET data_hash = 'new'")
    assert again(store, store.job(job)) == Work(command, "holiday", {"seed": 1}), (
        "nothing it could go on with"
    )
    store.delete_run(run)
    assert again(store, store.job(job)) == Work(command, "holiday", {"seed": 1})


def test_again_with_a_run_that_died_with_its_job(store):
    job = record_job(store, Work("train", "holiday"))
    with recording(store, job):
        run = store.job(job).run_id
        store.create_run(
            run, store.collection("holiday").id, config={}, seed=0, data_hash="hash", versions={}
        )
    store.update_job(job, state="interrupted")
    assert store.run(run).state == "running", "nobody could write its end"
    assert again(store, store.job(job)) == Work("train", "holiday", {"resume": run})


def test_again_does_the_same_with_the_same_options(store):
    for work in (
        Work("import", "new", {"kind": "folder", "source": "/a b"}),
        Work("benchmark", "holiday", {"task": "refinement", "method_file": ["/own.py"]}),
        Work("ablate", "holiday", {"settings": ["lr=1", "seed=2"]}),
        Work("refine", "holiday", {"out": "/a.csv"}, "holiday-run"),
    ):
        assert again(store, ended(store, work)) == work


def test_again_offers_nothing_that_cannot_be_done(store):
    job = ended(store, Work("train", "holiday", {"resume": "holiday-run"}))
    assert again(store, job) == Work("train", "holiday", {"resume": "holiday-run"})
    store.delete_run("holiday-run")
    assert again(store, job) is None
    with store.transaction() as connection:
        connection.execute("UPDATE jobs SET options = 'null', command = 'import'")
    assert again(store, store.job(job.id)) is None
