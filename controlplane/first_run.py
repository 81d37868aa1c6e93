"""`python -m controlplane.first_run`: bring the database up to date and make the first things.

Safe to run at every start: what is there stays as it is. With `--deploy`, once a worker runs, the
built-in model of a new installation is deployed.
"""

import os
import secrets
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

if TYPE_CHECKING:
    from apps.accounts.models import Team, User

ADMIN = "admin"
BUILT_IN = "opsling"
NAME = "First run"
PATIENCE_SECONDS = 90.0
POLL_SECONDS = 0.1


def main(arguments: list[str]) -> int:
    """Run one of the two halves; the exit status."""
    django.setup()
    if "--deploy" in arguments:
        return deploy_built_in()
    call_command("migrate", interactive=False, verbosity=0)
    make_first_things()
    return 0


def make_first_things() -> None:
    """The team, the admin, this machine and the secrets, as far as they are missing.

    Writes `var/first-run.env`, with the address of this start.
    """
    from apps.accounts import actions, queries
    from apps.accounts.models import User
    from apps.core.permissions import Role
    from apps.nodes.actions import enrol_control_plane

    known = read_env(env_path())
    with transaction.atomic():
        made: dict[str, str] = {}
        team = queries.find_default_team() or actions.create_team(name="Home", slug="home")
        admin = User.objects.filter(username=ADMIN).first()
        if admin is None:
            password = os.environ.get("HEARTH_ADMIN_PASSWORD") or secrets.token_urlsafe(15)
            admin = actions.create_person(
                username=ADMIN, password=password, team=team, role=Role.ADMIN
            )
            made["HEARTH_ADMIN_PASSWORD"] = password
            _begin_first_model(team)
        enrol_control_plane(team=team)
        made |= _secrets(known, admin, team)
        # Before the commit: a start that is killed here finds an empty database and begins
        # anew; the other way round the secrets would be lost.
        write_env(env_path(), known | made | _addresses())


def deploy_built_in() -> int:
    """Deploy the built-in model of a new installation; 1 when its file did not get ready."""
    from apps.accounts.queries import find_default_team
    from apps.models.actions.deployments import deploy_model
    from apps.models.models import Deployment
    from apps.models.queries.deployments import wanted_deployment

    team = find_default_team()
    if team is None or not first_model_mark().exists():
        return 0
    if not Deployment.objects.filter(team=team, name=BUILT_IN).exists():
        if not _wait_for_parts(team):
            return 1
        wanted = wanted_deployment(team=team, name=BUILT_IN, ai_model=BUILT_IN)
        deploy_model(team=team, requested_by=None, wanted=wanted)
    first_model_mark().unlink()
    return 0


def _begin_first_model(team: "Team") -> None:
    from apps.models.actions.ai_models import add_built_in

    add_built_in(team=team)
    first_model_mark().parent.mkdir(exist_ok=True)
    first_model_mark().touch()


def _wait_for_parts(team: "Team") -> bool:
    """Wait until the worker has read this machine and checked the model's file."""
    from apps.models.queries.ai_models import find_ai_model
    from apps.models.states.ai_models import AIModelState
    from apps.nodes.queries import find_control_plane_node

    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        node, ai_model = find_control_plane_node(), find_ai_model(team=team, name=BUILT_IN)
        if ai_model is not None and ai_model.state == AIModelState.FAILED:
            print(f"{BUILT_IN}: {ai_model.state_reason}")
            return False
        is_ready = ai_model is not None and ai_model.state == AIModelState.READY
        if is_ready and node is not None and node.facts_at is not None:
            return True
        time.sleep(POLL_SECONDS)
    print(f"{BUILT_IN} was not ready within {PATIENCE_SECONDS:.0f} s.")
    return False


def _addresses() -> dict[str, str]:
    return {"HEARTH_URL": settings.PUBLIC_URL, "OPENAI_BASE_URL": f"{settings.PUBLIC_URL}/v1"}


def _secrets(known: dict[str, str], admin: "User", team: "Team") -> dict[str, str]:
    """A token and a key in place of those in the file that do not work (any more)."""
    from apps.accounts.actions import issue_token
    from apps.accounts.queries import find_token
    from apps.gateway.actions.keys import issue_key
    from apps.gateway.dataplane.keys import digest
    from apps.gateway.queries.keys import find_live_key

    made: dict[str, str] = {}
    if find_token(secret=known.get("HEARTH_TOKEN", "")) is None:
        made["HEARTH_TOKEN"] = issue_token(user=admin, team=team, name=NAME)[1]
    if find_live_key(digest=digest(known.get("OPENAI_API_KEY", ""))) is None:
        made["OPENAI_API_KEY"] = issue_key(team=team, owner=admin, name=NAME)[1]
    return made


def env_path() -> Path:
    """The file a person sources; only its owner may read it."""
    return Path(settings.VAR_DIR) / "first-run.env"


def first_model_mark() -> Path:
    """Exists from the making of a new installation until its first model is deployed."""
    return Path(settings.VAR_DIR) / "run" / "first-model-wanted"


def read_env(path: Path) -> dict[str, str]:
    """The names and values of an env file; empty when there is none."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: "".join(shlex.split(value)) for name, equals, value in pairs if equals}


def write_env(path: Path, values: dict[str, str]) -> None:
    """Replace the file as a whole. A shell that reads it hands the values to its programs."""
    lines = [f"{name}={shlex.quote(values[name])}\n" for name in sorted(values)]
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as stream:
        stream.writelines([*lines, f"export {' '.join(sorted(values))}\n"])
    Path(temporary).replace(path)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.development")
    sys.exit(main(sys.argv[1:]))
