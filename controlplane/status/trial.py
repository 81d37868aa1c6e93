"""One real request through each layer, to say where it stops."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import redis
from celery import current_app
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from kombu.exceptions import OperationalError as BrokerError

from apps.accounts.auth import Caller
from apps.core.redis import blocking_redis
from apps.gateway.actions import issue_ticket
from apps.models.queries.deployments import list_deployments
from apps.models.states.deployments import DeploymentState
from worker_jobs.status import ANSWER_TASK, answer_key

QUEUE_SECONDS = 8
MODEL_SECONDS = 60.0
CONNECT_SECONDS = 3.0
QUESTION = "Are you there?"


class Stopped(Exception):
    """This layer did not pass; the message says what was seen."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True)
class TrialStep:
    """What happened in one layer."""

    name: str
    title: str
    passed: bool
    evidence: str
    milliseconds: float
    fix: str = ""


@dataclass(frozen=True)
class Trial:
    passed: bool
    sentence: str
    stopped_at: str | None
    steps: tuple[TrialStep, ...]


@dataclass(frozen=True)
class _Asked:
    caller: Caller
    base_url: str  # of the process that takes the trial, as it listens on this machine


def run_trial(*, caller: Caller, base_url: str) -> Trial:
    """Try each layer in turn and stop at the first that does not pass."""
    steps = tuple(_steps(_Asked(caller, base_url)))
    last = steps[-1]
    if last.passed:
        total = sum(step.milliseconds for step in steps)
        said = f"One request went all the way in {total:.0f} ms."
    else:
        said = f"It stopped at: {last.title.lower()}. {last.evidence}"
    return Trial(last.passed, said, None if last.passed else last.name, steps)


def _steps(asked: _Asked) -> Iterator[TrialStep]:
    for name, (title, layer) in _LAYERS.items():
        began = time.perf_counter()
        try:
            evidence, fix = layer(asked), ""
        except Stopped as stop:
            evidence, fix = str(stop), stop.fix
        passed = not fix
        took = (time.perf_counter() - began) * 1000
        yield TrialStep(name, title, passed, evidence, round(took, 1), fix)
        if not passed:
            return


def _database(_: _Asked) -> str:
    try:
        session = SessionStore()
        session["trial"] = True
        session.set_expiry(60)
        session.create()
        found = SessionStore(session.session_key).get("trial")
        session.delete()
    except DatabaseError as problem:
        raise Stopped(
            f"Postgres did not take a row: {problem}", fix="Look at var/log/postgres.log."
        ) from problem
    if not found:
        raise Stopped(
            "A row that was written could not be read again.", fix="Look at var/log/postgres.log."
        )
    return "A row was written, read and deleted."


def _queue(_: _Asked) -> str:
    token = secrets.token_hex(8)
    try:
        current_app.send_task(ANSWER_TASK, kwargs={"token": token}, queue="default")
        with blocking_redis(block_seconds=QUEUE_SECONDS) as client:
            answer = client.blpop([answer_key(token)], timeout=QUEUE_SECONDS)
    except (redis.RedisError, BrokerError) as problem:
        raise Stopped(
            f"Redis did not take a message: {problem}", fix="Look at var/log/redis.log."
        ) from problem
    if not answer:
        raise Stopped(
            f"No worker answered within {QUEUE_SECONDS} s.", fix="Look at var/log/worker.log."
        )
    return f"Worker {list(answer)[1]} took a message and answered."


def _model(asked: _Asked) -> str:
    served = list_deployments(team=asked.caller.team).filter(
        state__in=[DeploymentState.READY, DeploymentState.DEGRADED, DeploymentState.ASLEEP]
    )
    deployment = next(
        (row for row in served.order_by("-state") if row.ai_model.task != "embedding"), None
    )
    if deployment is None:
        raise Stopped(
            "There is no deployment that answers.", fix="Deploy a model on the Models page."
        )
    ticket, _ = issue_ticket(team=asked.caller.team, user=asked.caller.user)
    try:
        response = httpx.post(
            f"{asked.base_url}/v1/completions",
            json={"model": deployment.name, "prompt": QUESTION, "max_tokens": 1},
            headers={"Authorization": f"Bearer {ticket}"},
            timeout=httpx.Timeout(MODEL_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )
    except httpx.HTTPError as problem:
        raise Stopped(
            f"The gateway did not answer: {type(problem).__name__}.",
            fix="Look at var/log/web.log.",
        ) from problem
    if response.status_code != httpx.codes.OK:
        raise Stopped(
            f"{deployment.name} answered with {response.status_code}: {response.text[:200]}",
            fix="Open it on the Deployments page; “Why” lists the ways out.",
        )
    return f"{deployment.name} answered through the gateway."


_LAYERS: dict[str, tuple[str, Callable[[_Asked], str]]] = {
    "database": ("Write to the database", _database),
    "queue": ("Reach a worker and hear from it", _queue),
    "model": ("Ask a model through the gateway", _model),
}


def own_address(scope_server: object, *, public_url: str) -> str:
    """Where the process that answers a request listens, as seen from this machine."""
    if isinstance(scope_server, (list, tuple)) and len(scope_server) == 2 and scope_server[1]:
        host, port = scope_server
        inside = f"[{host}]" if ":" in str(host) else str(host)
        return f"http://{inside}:{port}"
    parts = urlsplit(public_url)
    return f"{parts.scheme}://{parts.netloc}"
