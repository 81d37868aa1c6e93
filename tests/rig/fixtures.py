"""The rig as tests ask for it."""

from collections.abc import Iterator

import pytest

from tests.rig.base import why_not_here
from tests.rig.rig import Rig, rig


@pytest.fixture(scope="session")
def shared_rig() -> Iterator[Rig]:
    missing = why_not_here()
    if missing:
        pytest.skip(f"no throw-away machines here: {missing}")
    with rig() as running:
        yield running


@pytest.fixture
def machines(shared_rig: Rig) -> Iterator[Rig]:
    """The rig, empty again when the test is over."""
    yield shared_rig
    shared_rig.clear()
