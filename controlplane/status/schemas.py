"""The state of the whole over HTTP."""

from datetime import datetime
from typing import Literal

from ninja import Schema

PartState = Literal["good", "attention", "bad"]
Verdict = Literal["works", "serving", "not_serving"]


class StatusPartOut(Schema):
    """One part. `evidence` is what was seen; `fix` says what to do when it is not good."""

    name: str
    title: str
    state: PartState
    evidence: str
    since: datetime | None = None
    fix: str = ""


class StatusOut(Schema):
    """`works`: everything is well. `serving`: requests are answered, but something needs a look.
    `not_serving`: requests are not answered."""

    verdict: Verdict
    sentence: str
    parts: list[StatusPartOut]


class TrialStepOut(Schema):
    name: str
    title: str
    passed: bool
    evidence: str
    milliseconds: float
    fix: str = ""


class TrialOut(Schema):
    """One real request through each layer in turn. It stops at the first that does not pass, and
    `stopped_at` names that one."""

    passed: bool
    sentence: str
    stopped_at: str | None
    steps: list[TrialStepOut]
