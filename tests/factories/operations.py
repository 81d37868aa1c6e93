"""Operations for tests."""

from collections.abc import Sequence

from apps.accounts.models import Team, User
from apps.operations.actions import StepSpec, request_operation
from apps.operations.models import Operation


def make_operation(
    *,
    team: Team,
    kind: str = "tests.count_up",
    steps: Sequence[str] = ("first", "second"),
    requested_by: User | None = None,
    **given: object,
) -> Operation:
    """A queued operation; on a subject of its own unless one is given."""
    return request_operation(
        **{
            "kind": kind,
            "subject_type": "node",
            "subject_id": "1",
            "subject_name": "edge-1",
            "team": team,
            "requested_by": requested_by,
            "steps": [StepSpec(name, name.capitalize()) for name in steps],
            **given,
        }
    )
