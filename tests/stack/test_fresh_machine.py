"""From a minimal Debian 12 without any cache to a first token, as root and as anybody."""

import json
import re
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stack.debian_machine import PERSON, Machine, make_machine, why_not_here
from tests.stack.installation import Started

REASON = why_not_here()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(REASON), reason=REASON),
]

READY = re.compile(r"^ready in ([\d.]+) s · (http://\S+)$", re.MULTILINE)
# Generous: the time is measured and reported, a slow network must not fail the test.
COLD_SECONDS = 240.0
WARM_SECONDS = 60.0
STOP_SECONDS = 8.0


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    # Not under a folder that only root may enter.
    folder = Path(tempfile.mkdtemp(prefix="hearth-machine-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield make_machine(folder)
    subprocess.run(["rm", "-rf", str(folder)], check=False)


def _ready(started: Started, *, within: float) -> tuple[float, str]:
    found = READY.search(started.wait_for("\nready in ", within=within))
    assert found, started.output()
    return float(found[1]), found[2]


def _ask(machine: Machine, home: str) -> str:
    lines = (machine.root / home.lstrip("/") / "hearth/var/first-run.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    question = {
        "model": "opsling",
        "messages": [{"role": "user", "content": "reboot db-07"}],
    }
    request = urllib.request.Request(
        f"{values['OPENAI_BASE_URL']}/chat/completions",
        data=json.dumps(question).encode(),
        headers={
            "Authorization": f"Bearer {values['OPENAI_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        text: str = json.load(answer)["choices"][0]["message"]["content"]
        return text


@pytest.mark.parametrize(("home", "owner"), [("/root", "root"), (f"/home/{PERSON}", PERSON)])
def test_from_nothing_to_a_first_token_and_again_without_a_network(
    machine: Machine, home: str, owner: str, record_property: Callable[[str, object], None]
) -> None:
    machine.copy_checkout(home, owner)
    mode = (machine.root / home.lstrip("/")).stat().st_mode

    started = machine.start(home, owner)
    try:
        cold, url = _ready(started, within=COLD_SECONDS)
        assert "reboot" in _ask(machine, home)
        with urllib.request.urlopen(url, timeout=10) as page:
            assert b"<html" in page.read()
        machine.interrupt(started)
        started.ends(within=STOP_SECONDS)
    finally:
        started.process.kill()

    again = machine.start(home, owner, network=False)
    try:
        warm, _ = _ready(again, within=WARM_SECONDS)
        machine.interrupt(again)
        again.ends(within=STOP_SECONDS)
        assert "all stopped in" in again.output()
    finally:
        again.process.kill()

    record_property("cold_seconds", cold)
    record_property("warm_seconds", warm)
    assert (machine.root / home.lstrip("/")).stat().st_mode == mode, "the home is as it was"
