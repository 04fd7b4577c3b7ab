import pytest

from tagrefine_core.store import CollectionRecord, Store


@pytest.fixture
def store(tmp_path) -> Store:
    """A home with the collections "holiday" and "other", of no photos, and a run of each."""
    store = Store(tmp_path)
    for name in ("holiday", "other"):
        record = CollectionRecord(0, name, "folder", "photos", 0, 0, 0, 0, "hash", "")
        record = store.write_collection(
            record, images=[], vocabulary=[], label_columns=[], raw_tags=[], issues=[]
        )
        store.create_run(f"{name}-run", record.id, config={}, seed=0, data_hash="hash", versions={})
        store.set_run_state(f"{name}-run", "cancelled")
    return store
