import pytest

from tagrefine_core.tags import load


@pytest.fixture(scope="session")
def wordnet():
    return load()
