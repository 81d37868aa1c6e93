"""The conformance kit: ours keeps every promise, and the kit notices where one is broken."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from benchmarks.conformance import checks
from benchmarks.conformance.kit import PROMISES, Kit, Verdict, run, upstreams
from benchmarks.conformance.report import as_table, counted, keep
from tests.gateway.naive_proxy import naive_proxy

ROOT = Path(__file__).resolve().parents[2]

KEPT = {
    "stream",
    "stream-bytes",
    "stream-bytes-crlf",
    "stream-split-everywhere",
    "stream-split-letters",
    "stream-usage-asked",
    "break-plain",
    "reply-bytes",
    "request-bytes",
    "request-headers",
    "reply-headers",
    "models",
    "upstream-400",
    "upstream-429",
}
BROKEN = {
    "break-closed": "[DONE]",
    "break-reset": "[DONE]",
    "break-inside-event": "torn",
    "break-garbage": "[DONE]",
    "fallback-dead": "status 502",
    "fallback-after-head": "not whole",
    "fallback-busy": "status 503",
    "all-dead": "no error object",
    "leave-before-first-byte": "still working",
    "leave-plain-request": "still working",
    "stream-not-held-back": "ms apart",
    "error-no-key": "status 200",
    "error-wrong-key": "the upstream was asked",
    "error-unknown-model": "status 200",
    "error-not-json": "status 200",
    "duplicate-model": "both",
    "upstream-500": "without error.message",
    "request-headers-kept-back": "the key",
    "request-id": "missing in 3",
    "smuggling-two-lengths": "status 200",
}


@pytest.mark.slow
def test_hearth_keeps_every_promise() -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.conformance",
            "--gateway", "hearth", "--json", "--patience", "20",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip

    assert done.stdout, done.stderr
    verdicts = json.loads(done.stdout)["checks"]
    assert [each for each in verdicts if each["outcome"] != "pass"] == []
    assert len(verdicts) == len(PROMISES)
    assert done.returncode == 0


@pytest.mark.slow
async def test_a_naive_proxy_is_found_out() -> None:
    a, b = upstreams((0, 0))
    async with a, b, naive_proxy(a.port) as port:
        kit = Kit(
            base_url=f"http://127.0.0.1:{port}/v1",
            key="any",
            model="kit",
            upstreams=(a, b),
            pair_model="kit",
        )
        verdicts = await run(kit, [each for each in PROMISES if each.id in KEPT | set(BROKEN)])

    outcomes = {each.id: (each.outcome, each.evidence) for each in verdicts}
    assert {name for name, (outcome, _) in outcomes.items() if outcome == "pass"} == KEPT
    for name, reason in BROKEN.items():
        outcome, evidence = outcomes[name]
        assert outcome == "fail", (name, evidence)
        assert reason in evidence, (name, evidence)


def test_every_check_has_a_name_of_its_own() -> None:
    assert checks.__all__
    assert len({each.id for each in PROMISES}) == len(PROMISES)


class TestReport:
    VERDICTS = [
        Verdict("one", "It works", "pass", "yes | no", 0.1),
        Verdict("two", "It holds", "fail", "broken", 0.1),
        Verdict("three", "It waits", "n/a", "no line", 0.1),
    ]

    def test_says_how_many(self) -> None:
        assert counted(self.VERDICTS) == "1 of 2 promises kept, 1 not applicable"
        assert "✗ two" in as_table(self.VERDICTS)

    def test_is_replaced_and_leaves_the_others(self, tmp_path: Path) -> None:
        report = tmp_path / "conformance.md"
        report.write_text("# Conformance\n")
        keep(report, "Hearth 1", self.VERDICTS, on=date(2026, 1, 1))
        keep(report, "Other 1", self.VERDICTS[:1], on=date(2026, 1, 1))

        keep(report, "Hearth 2", self.VERDICTS[:1], on=date(2026, 1, 2))

        text = report.read_text()
        assert "## Hearth 2" in text
        assert "## Hearth 1" not in text
        assert "## Other 1" in text
        assert r"yes \| no" in text
