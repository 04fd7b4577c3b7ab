"""The collections that runs are made on."""

from tests.training.conftest import shapes  # noqa: F401
