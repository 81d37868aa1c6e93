"""The services of the control plane itself: how each is started and when it is ready."""

import socket
from pathlib import Path

from stack.environment import venv_program
from stack.layout import Layout
from stack.probes import Address, http_answers, worker_listens
from stack.process import Service

QUEUES = "provisioning,deployments,default"
JOBS_AT_ONCE = 16
# Long enough for an answer in flight, short enough that Ctrl-C feels like one.
STOP_SECONDS = 2.0


def web_service(
    environment: dict[str, str], *, listening: socket.socket, address: Address
) -> Service:
    """The one port: console, REST, websockets and the OpenAI-compatible gateway.

    `listening` is the open port, `address` how this machine reaches it.
    """
    argv = (
        *(venv_program("python"), "-m", "controlplane.serve", "controlplane.asgi:application"),
        *("--fd", str(listening.fileno())),
    )
    return Service(
        name="web",
        argv=argv,
        inherited=(listening.fileno(),),
        environment=environment,
        ready=lambda: http_answers(address, "/healthz"),
        stop_within=STOP_SECONDS,
    )


def worker_service(environment: dict[str, str], *, redis_socket: Path) -> Service:
    """Carries out operations. Threads: the jobs wait for other programs, they do not compute."""
    argv = (
        *(venv_program("python"), "-m", "celery", "--quiet", "-A", "controlplane", "worker"),
        *("--pool", "threads", "--concurrency", str(JOBS_AT_ONCE), "--queues", QUEUES),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    )
    return Service(
        name="worker",
        argv=argv,
        # Whoever starts Hearth as root means it; Celery need not say so at every start.
        environment={**environment, "PYTHONWARNINGS": "ignore:You're running the worker"},
        ready=lambda: worker_listens(redis_socket),
        stop_within=STOP_SECONDS,
    )


def beat_service(environment: dict[str, str], layout: Layout) -> Service:
    """Sends the periodic jobs."""
    argv = (
        *(venv_program("python"), "-m", "celery", "--quiet", "-A", "controlplane", "beat"),
        *("--loglevel", "WARNING", "--schedule", str(layout.run / "beat")),
    )
    return Service(
        name="beat",
        argv=argv,
        environment=environment,
        ready=_at_once,
        stop_within=STOP_SECONDS,
    )


async def _at_once() -> bool:
    return True
