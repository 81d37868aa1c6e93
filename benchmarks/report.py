"""What every table in docs/benchmarks.md says of its machine, and where it stands."""

import os
import platform
from pathlib import Path

REPORT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    return f"{os.cpu_count()} × {model}, Linux {platform.release().partition('-')[0]}"


def replace_section(word: str, text: str) -> None:
    """Put the text between the marks of this word, and leave the rest as it is."""
    begin, end = f"<!-- {word}: begin -->", f"<!-- {word}: end -->"
    before, mark, rest = REPORT.read_text().partition(begin)
    if not mark:
        raise ValueError(f"{REPORT} has no line {begin}")
    REPORT.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")
