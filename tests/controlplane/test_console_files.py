"""The built console's files, over a real web process that serves a small build of its own."""

import os
import subprocess
import sys

import brotli
import httpx
import pytest

from tests.conftest import ROOT, free_port
from tests.waiting import eventually

SCRIPT = b"console.log('hearth');" * 200


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of the ASGI application with a console of three files."""
    build = tmp_path_factory.mktemp("dist")
    (build / "assets").mkdir()
    (build / "index.html").write_text("<!doctype html><title>Hearth</title>")
    (build / "favicon.svg").write_text("<svg/>")
    script = build / "assets" / "index-DkZ3_a9b.js"
    script.write_bytes(SCRIPT)
    script.with_name(f"{script.name}.br").write_bytes(brotli.compress(SCRIPT))
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "error::UserWarning", "-m", "uvicorn",
         "controlplane.asgi:application", "--port", str(port), "--log-level", "warning"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "controlplane.settings.test",
            "HEARTH_CONSOLE_DIR": str(build),
        },
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"

    def answers():
        assert process.poll() is None
        try:
            return httpx.get(f"{address}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    eventually(answers, within=30, every=0.1)
    yield address
    process.terminate()
    process.wait()


def test_hashed_files_live_for_ever_and_come_compressed(served):
    answer = httpx.get(f"{served}/assets/index-DkZ3_a9b.js", headers={"Accept-Encoding": "br"})

    assert answer.content == SCRIPT
    assert answer.headers["content-encoding"] == "br"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    plain = httpx.get(f"{served}/assets/index-DkZ3_a9b.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == SCRIPT


def test_other_files_are_asked_for_again(served):
    answer = httpx.get(f"{served}/favicon.svg")

    assert answer.status_code == 200
    assert "immutable" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize("path", ["/", "/nodes", "/operations/7f/log", "/settings/profile"])
def test_every_address_of_the_console_is_its_one_page(served, path):
    answer = httpx.get(f"{served}{path}")

    assert answer.status_code == 200
    assert "<title>Hearth</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "hearth_csrf" in answer.headers["set-cookie"]


def test_a_missing_asset_is_not_the_page(served):
    assert httpx.get(f"{served}/assets/gone-12345678.js").status_code == 404


def test_nothing_outside_the_build_can_be_read(served):
    for path in ("/assets/../../manage.py", "/%2e%2e/manage.py", "/assets/%2e%2e/%2e%2e/manage.py"):
        assert "execute_from_command_line" not in httpx.get(f"{served}{path}").text
