"""Rules of the house that no linter knows."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps as django_apps
from django.core.management import call_command

import worker_jobs
from apps.core.models import StatefulModel
from controlplane import api_guide, openapi
from controlplane.celery import NOT_JOBS
from worker_jobs.operation_job import JOBS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("apps", "controlplane", "worker_jobs", "stack")
LONGEST_FILE = {"apps": 420, "controlplane": 420, "worker_jobs": 420, "stack": 420, "tests": 500}
NOT_PROSE = ("stack/assets/",)  # what the toy model was trained on
NAMES_THAT_SAY_NOTHING = {"utils.py", "helpers.py", "misc.py", "common.py"}

STATEFUL = [model for model in django_apps.get_models() if issubclass(model, StatefulModel)]


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (
            path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts
        )


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in python_files(*folders):
        yield path.relative_to(ROOT), ast.parse(path.read_text())


def _assigns_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        flat = [part for target in targets for part in ast.walk(target)]
        return any(
            isinstance(part, ast.Attribute) and part.attr == "state" and _is_row(part.value)
            for part in flat
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "update" and any(word.arg == "state" for word in node.keywords)
    return False


def _is_row(owner: ast.expr) -> bool:
    return not (isinstance(owner, ast.Name) and owner.id == "self")


def test_only_transitions_assigns_state():
    offenders = [
        f"{path}:{node.lineno}"
        for path, tree in trees("apps", "controlplane", "worker_jobs")
        if path.as_posix() != "apps/core/transitions.py"
        for node in ast.walk(tree)
        if _assigns_state(node)
    ]

    assert offenders == []


def _reachable(transitions, start) -> set[str]:
    seen, waiting = set(), [start]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += transitions[state]
    return seen


@pytest.mark.parametrize("model", STATEFUL, ids=lambda model: model.__name__)
def test_every_state_can_be_reached(model):
    states = model.STATES

    assert _reachable(states.transitions, states.initial) == set(states.transitions)
    assert set(states.transitions) == {value for value, _ in model._meta.get_field("state").choices}
    assert model._meta.get_field("state").default == states.initial


@pytest.mark.parametrize("model", STATEFUL, ids=lambda model: model.__name__)
def test_every_state_that_is_under_way_can_fail(model):
    stuck = [
        state
        for state, following in model.STATES.transitions.items()
        if state.endswith("ing")
        and "failed" not in following
        # Waiting to begin is a rest, not work.
        and state != "pending"
    ]

    assert stuck == []


@pytest.mark.parametrize("model", STATEFUL, ids=lambda model: model.__name__)
def test_every_action_says_why_it_is_impossible(model):
    silent = [
        action for action, rule in model.ACTIONS.items() if rule.states and not rule.otherwise
    ]

    assert silent == []


def test_every_kind_of_operation_has_a_job():
    for module in pkgutil.iter_modules(worker_jobs.__path__):
        if module.name not in NOT_JOBS:
            importlib.import_module(f"worker_jobs.{module.name}")
    kinds = {
        kind
        for path in python_files("apps")
        for kind in re.findall(
            r'"((?:nodes|models|gateway|runs|agents)\.[a-z_]+)"', path.read_text()
        )
    }

    own = {kind for kind in JOBS if not kind.startswith("tests.")}
    assert kinds, "no kinds found: has the way to write them changed?"
    assert own == kinds


def test_the_committed_description_of_the_api_is_current():
    assert openapi.committed_file().read_text() == openapi.render(), (
        "Run `make api-client` and commit what it changes."
    )


def test_the_reference_in_the_api_guide_is_current():
    assert api_guide.guide_file().read_text() == openapi.render_guide(), (
        "Run `make api-client` and commit what it changes."
    )


@pytest.mark.django_db
def test_the_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_imports_go_one_way():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3_000:]


def test_no_file_is_too_long():
    long = {
        path.relative_to(ROOT).as_posix(): count
        for folder, most in LONGEST_FILE.items()
        for path in python_files(folder)
        if (count := len(path.read_text().splitlines())) > most
    }

    assert long == {}


def test_no_file_has_a_name_that_says_nothing():
    assert [
        path.relative_to(ROOT).as_posix()
        for path in python_files(*SOURCES, "tests")
        if path.name in NAMES_THAT_SAY_NOTHING
    ] == []


def test_nothing_is_left_for_later():
    marks = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")

    assert [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files(*SOURCES, "tests")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if marks.search(line) and "re.compile" not in line
    ] == []


def test_messages_speak_plainly():
    """What people read neither begs nor exclaims."""
    unwanted = re.compile(r"\b(please|oops|sorry|uh-oh)\b|\w!(\s|$)", re.IGNORECASE)

    assert [
        f"{path}:{node.lineno} {node.value[:60]!r}"
        for path, tree in trees(*SOURCES)
        if not path.as_posix().startswith(NOT_PROSE)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and unwanted.search(node.value)
    ] == []
