"""The memory estimate against the local runtime's own model server."""

from pathlib import Path

import pytest

from apps.models.fit import Shape, estimate_memory
from apps.models.gguf import read_gguf
from benchmarks.models.memory import error_of, measure
from benchmarks.models.random_models import BUILT_IN, Figures, write_random_model

# The promise is ± 10 %; a model of a few megabytes is mostly the server itself.
WITHIN = 0.1
WITHIN_TINY = 0.25


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models small enough to be made in a second, large enough to be seen in memory."""
    folder = tmp_path_factory.mktemp("models")
    figures = {
        "plain": Figures(width=512, layers=8, heads=8),
        "packed": Figures(width=512, layers=8, heads=8, quant="q4_0"),
        "hybrid": Figures(
            width=512, layers=8, heads=8, conv_layers=5, quant="q4_0", vocabulary=32_768
        ),
    }
    return {
        name: write_random_model(folder / f"{name}.gguf", each) for name, each in figures.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape"),
    [("plain", Shape(8192, 2, "q8_0")), ("packed", Shape(1024)), ("hybrid", Shape(8192, 2))],
)
def test_the_estimate_holds(models: dict[str, Path], name: str, shape: Shape) -> None:
    estimate = estimate_memory(read_gguf(models[name]), shape)
    measured = measure(models[name], shape, prompt=600)
    assert abs(error_of(estimate, measured)) <= WITHIN, (
        f"estimated {estimate.total / 1e6:.0f} MB, took {measured.peak / 1e6:.0f} MB"
    )


def test_the_built_in_model() -> None:
    shape = Shape(1024, 2)
    estimate = estimate_memory(read_gguf(BUILT_IN), shape)
    assert abs(error_of(estimate, measure(BUILT_IN, shape))) <= WITHIN_TINY
