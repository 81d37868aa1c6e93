"""Every operation of the API, with the rule it declares, as data for the tests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from controlplane.api import api

_NOWHERE = "00000000-0000-0000-0000-000000000000"
_EXAMPLES = {"uuid": _NOWHERE, "uuidstr": _NOWHERE}
_PARAMETER = re.compile(r"<(?:([a-z]+):)?(\w+)>")


@dataclass(frozen=True)
class Route:
    method: str
    template: str  # as Django has it: /api/operations/<uuidstr:operation_id>
    rule: Any
    name: str

    @property
    def label(self) -> str:
        return _PARAMETER.sub(lambda found: f"{{{found[2]}}}", f"{self.method} {self.template}")

    @property
    def path(self) -> str:
        """An address of this form that names nothing there is."""
        return _PARAMETER.sub(
            lambda found: _EXAMPLES.get(found[1] or "", "999999999"), self.template
        )


def all_routes() -> Iterator[Route]:
    patterns = {pattern.name: str(pattern.pattern) for pattern in api.urls[0]}
    for _, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                for method in operation.methods:
                    yield Route(
                        method=method,
                        template=f"/api/{patterns[operation.operation_id]}",
                        rule=operation.auth_callbacks[0] if operation.auth_callbacks else None,
                        name=operation.operation_id or "",
                    )
