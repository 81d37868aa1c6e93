"""What tests about models share."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def models_dir(settings: Settings, tmp_path: Path) -> Path:
    """An empty model store for each test, and no long pauses before another try."""
    import worker_jobs.ai_models  # noqa: F401 - makes its jobs known to `run_operation`

    settings.MODELS_DIR = tmp_path / "store"
    settings.DOWNLOAD_RETRY_SECONDS = 0.01
    return tmp_path / "store"
