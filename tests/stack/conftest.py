"""Real supervisors in state folders of their own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.installation import Installation


@pytest.fixture
def installation() -> Iterator[Installation]:
    """An empty installation; whatever still runs in it at the end is a failure of the test."""
    folder = Path(tempfile.mkdtemp(prefix="hearth-test-"))
    made = Installation(folder / "var")
    yield made
    left = made.end()
    shutil.rmtree(folder, ignore_errors=True)
    assert left == [], f"still running: {left}"
