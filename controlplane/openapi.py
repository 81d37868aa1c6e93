"""`python -m controlplane.openapi`: write the API's description, for the console and for people."""

import json
from collections.abc import Iterator
from pathlib import Path

import django

from controlplane import api_guide


def render() -> str:
    """The description as JSON, sorted so that only real changes show."""
    from controlplane.api import api

    return json.dumps(api.get_openapi_schema(), indent=2, sort_keys=True, default=str) + "\n"


def render_guide() -> str:
    """docs/api.md as it is, with its reference made anew."""
    from controlplane.api import api

    guide = api_guide.guide_file().read_text()
    return api_guide.with_reference(guide, api.get_openapi_schema(), dict(_who_may()))


def _who_may() -> Iterator[tuple[str, str]]:
    from apps.accounts.auth import needs, public
    from controlplane.api import api

    for _, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                rule = operation.auth_callbacks[0]
                if isinstance(rule, needs):
                    words = f"those who may {rule.permission.label}"
                elif isinstance(rule, public):
                    words = f"everybody: {rule.reason}"
                else:
                    words = "whoever is signed in"
                yield str(operation.operation_id), words


def committed_file() -> Path:
    from django.conf import settings

    return Path(settings.BASE_DIR) / "frontend" / "openapi.json"


if __name__ == "__main__":
    django.setup()
    committed_file().write_text(render())
    api_guide.guide_file().write_text(render_guide())
