"""The tour in docs/api.md and the guides beside it, run from first snippet to last."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stack.console_build import NODE_HOME
from stack.environment import venv_program
from tests.journeys.conftest import CHECKOUT, Hearth

# What people follow, with the number of snippets that are certainly in it.
GUIDES = {"api.md": 15, "how-to/keys-and-limits.md": 5, "how-to/routes.md": 5}

_SNIPPET = re.compile(r"^```(bash|python|js)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_RUN_BY = {"python": "python -", "js": "node --input-type=module -"}

pytestmark = pytest.mark.slow


def as_one_script(guide: str) -> str:
    """Every snippet in its order, so that one may use what an earlier one has left."""
    parts = ["set -euo pipefail"]
    for number, (language, text) in enumerate(_SNIPPET.findall(guide), 1):
        parts.append(f"echo '== snippet {number}: {language}'")
        if language == "bash":
            parts.append(text)
        else:
            parts.append(f"{_RUN_BY[language]} <<'SNIPPET'\n{text}SNIPPET\necho")
    return "\n".join(parts)


@pytest.mark.parametrize(("guide", "at_least"), GUIDES.items())
def test_every_snippet_works(hearth: Hearth, tmp_path: Path, guide: str, at_least: int) -> None:
    tour = (CHECKOUT / "docs" / guide).read_text().partition("<!-- reference: begin -->")[0]
    (tmp_path / "var").symlink_to(hearth.var)
    script = tmp_path / "tour.sh"
    script.write_text(as_one_script(tour))
    own = [Path(venv_program("python")).parent, NODE_HOME / "bin"]
    programs = os.pathsep.join([*map(str, own), os.environ["PATH"]])
    if shutil.which("curl", path=programs) is None:
        pytest.skip("The tour is for people who have curl: install it to run this test.")

    done = subprocess.run(
        ["bash", str(script)],
        cwd=tmp_path,
        env={"PATH": programs, "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert done.stdout.count("== snippet") == len(_SNIPPET.findall(tour)) >= at_least
