"""A whole Hearth of its own for each module: started by the same command a person uses."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browser import chromium
from tests.waiting import eventually

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Hearth:
    """One running installation, as its owner sees it."""

    var: Path
    process: subprocess.Popen[bytes]
    output: Path
    made: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.made["HEARTH_URL"]

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A REST call with the admin's token."""
        headers = {"Authorization": f"Bearer {self.made['HEARTH_TOKEN']}"}
        with httpx.Client(base_url=self.url, timeout=30, headers=headers) as client:
            return client.request(method, path, **kwargs)

    def get(self, path: str) -> Any:
        response = self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    def pid_of(self, service: str) -> int:
        notes = json.loads((self.var / "run" / "services.json").read_text())
        return int(notes[service]["pid"])

    def kill(self, service: str) -> int:
        """kill -9 one service; the number it had."""
        pid = self.pid_of(service)
        os.kill(pid, signal.SIGKILL)
        return pid

    def until_restarted(self, service: str, *, old_pid: int, within: float = 90) -> None:
        def is_new_and_ready() -> bool:
            note = json.loads((self.var / "run" / "services.json").read_text())[service]
            return note["pid"] != old_pid and bool(note["ready"])

        eventually(is_new_and_ready, within=within)

    def until_well(self, *, within: float = 120) -> None:
        """Every dependency answers and a model does too."""

        def is_well() -> bool:
            try:
                if self.call("GET", "/readyz").status_code != 200:
                    return False
                return bool(self.get("/api/status")["verdict"] == "works")
            except (httpx.HTTPError, AssertionError):
                return False

        eventually(is_well, within=within)


def start(var: Path, **environment: str) -> Hearth:
    output = var.parent / f"{var.name}.out"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack", "up"],
            cwd=CHECKOUT,
            env={
                **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
                "HEARTH_VAR": str(var),
                "HEARTH_PORT": str(free_port()),
                **environment,
            },
            stdout=sink,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    hearth = Hearth(var=var, process=process, output=output)

    def has_said_ready() -> bool:
        if process.poll() is not None:
            pytest.fail(f"It ended: {output.read_text(errors='replace')[-3000:]}")
        return "\nready in " in output.read_text(errors="replace")

    eventually(has_said_ready, within=START_SECONDS)
    for line in (var / "first-run.env").read_text().splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        if value:
            hearth.made[name] = value.strip("'\"")
    return hearth


def stop(hearth: Hearth) -> None:
    hearth.process.send_signal(signal.SIGINT)
    try:
        hearth.process.wait(60)
    except subprocess.TimeoutExpired:
        hearth.process.kill()
        raise


@pytest.fixture(scope="module")
def hearth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearth]:
    running = start(tmp_path_factory.mktemp("hearth") / "var")
    try:
        yield running
    finally:
        stop(running)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, hearth: Hearth) -> Iterator[Page]:
    """A fresh window on this Hearth; a page that throws fails the test."""
    context = browser.new_context(base_url=hearth.url, locale="en-GB")
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=hearth.url)
    opened = context.new_page()
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    yield opened
    context.close()
    assert broken == [], "the page threw errors"
