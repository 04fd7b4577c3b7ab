"""Fixtures that all tests share."""

from pathlib import Path

import pytest

from tagrefine_core.store import Store


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def store(home: Path) -> Store:
    """The database of an empty home."""
    return Store(home)
