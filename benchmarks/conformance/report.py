"""What is printed, and what is kept in the documentation."""

import json
import re
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path

from benchmarks.conformance.kit import Verdict

_MARKS = {"pass": "✓", "fail": "✗", "n/a": "–"}


def counted(verdicts: list[Verdict]) -> str:
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    said = f"{outcomes['pass']} of {len(verdicts) - outcomes['n/a']} promises kept"
    return f"{said}, {outcomes['n/a']} not applicable" if outcomes["n/a"] else said


def as_table(verdicts: list[Verdict]) -> str:
    """One line per check, as wide as it needs to be."""
    return "\n".join(
        f"{_MARKS[each.outcome]} {each.id:28} {each.evidence}\n  {'':28} {each.promise}"
        for each in verdicts
    )


def as_json(name: str, verdicts: list[Verdict]) -> str:
    said = {"gateway": name, "checks": [asdict(verdict) for verdict in verdicts]}
    return json.dumps(said, indent=2, ensure_ascii=False)


def as_markdown(verdicts: list[Verdict]) -> str:
    lines = ["| check | what is promised | | evidence |", "|---|---|---|---|"]
    lines += [
        f"| `{each.id}` | {each.promise} | {_MARKS[each.outcome]} | {_cell(each.evidence)} |"
        for each in verdicts
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def keep(report: Path, name: str, verdicts: list[Verdict], *, on: date) -> None:
    """Replace the gateway's own section of the report and leave the others as they are."""
    word = name.partition(" ")[0]
    begin, end = f"<!-- {word}: begin -->", f"<!-- {word}: end -->"
    section = (
        f"{begin}\n## {name}\n\n{on.isoformat()}: {counted(verdicts)}.\n\n"
        f"{as_markdown(verdicts)}\n{end}"
    )
    text = report.read_text()
    if begin not in text:
        report.write_text(f"{text.rstrip()}\n\n{section}\n")
        return
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    report.write_text(pattern.sub(lambda _: section, text))
