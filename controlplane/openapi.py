"""`python -m controlplane.openapi`: write the API's description that the console is made from."""

import json
from pathlib import Path

import django


def render() -> str:
    """The description as JSON, sorted so that only real changes show."""
    from controlplane.api import api

    return json.dumps(api.get_openapi_schema(), indent=2, sort_keys=True, default=str) + "\n"


def committed_file() -> Path:
    from django.conf import settings

    return Path(settings.BASE_DIR) / "frontend" / "openapi.json"


if __name__ == "__main__":
    django.setup()
    committed_file().write_text(render())
