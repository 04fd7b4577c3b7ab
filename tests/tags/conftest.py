import pytest

from tagrefine_core.tags import load


@pytest.fixture(scope="session")
def wordnet():
    """WordNet as it is on this machine, counted now: later, a test may have hidden where it lies."""
    found = load()
    assert found.ic
    return found
