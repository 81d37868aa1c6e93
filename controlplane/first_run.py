"""`python -m controlplane.first_run`: bring the database up to date and make the first things.

Safe to run at every start: what is there stays as it is.
"""

import os
import secrets
import tempfile
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

FIRST_RUN_FILE = "first-run.env"
ADMIN = "admin"


def main() -> None:
    """Migrate, make what a new installation needs, write `var/first-run.env`."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    path = Path(settings.VAR_DIR) / FIRST_RUN_FILE
    known = read_env(path)
    with transaction.atomic():
        values = known | _addresses() | _secrets(known)
        # Before the commit: a start that is killed here finds an empty database and begins
        # anew; the other way round the secrets would be lost.
        write_env(path, values)


def _addresses() -> dict[str, str]:
    return {"HEARTH_URL": settings.PUBLIC_URL, "OPENAI_BASE_URL": f"{settings.PUBLIC_URL}/v1"}


def _secrets(known: dict[str, str]) -> dict[str, str]:
    """The secrets that are new in this start, by their name in the file."""
    from apps.accounts import actions, queries
    from apps.accounts.models import User
    from apps.core.permissions import Role

    team = queries.find_default_team() or actions.create_team(name="Home", slug="home")
    made: dict[str, str] = {}
    admin = User.objects.filter(username=ADMIN).first()
    if admin is None:
        password = os.environ.get("HEARTH_ADMIN_PASSWORD") or secrets.token_urlsafe(15)
        admin = actions.create_person(username=ADMIN, password=password, team=team, role=Role.ADMIN)
        made["HEARTH_ADMIN_PASSWORD"] = password
    if queries.find_token(secret=known.get("HEARTH_TOKEN", "")) is None:
        made["HEARTH_TOKEN"] = actions.issue_token(user=admin, team=team, name="first run")[1]
    return made


def read_env(path: Path) -> dict[str, str]:
    """The names and values of an env file; empty when there is none."""
    if not path.exists():
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in path.read_text().splitlines())
    return {name: value.strip("'") for name, equals, value in pairs if equals}


def write_env(path: Path, values: dict[str, str]) -> None:
    """Replace the file as a whole; only its owner may read it."""
    lines = [f"export {name}='{values[name]}'\n" for name in sorted(values)]
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as stream:
        stream.writelines(lines)
    Path(temporary).replace(path)


if __name__ == "__main__":
    main()
