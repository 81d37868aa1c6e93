"""Replicas on the machine the control plane runs on: a detached runner for each.

`<replicas>/<id>/` is all there is to know about a replica; replica_runner.py says what lies there.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

from apps.models.queries.replica_logs import ReplicaLog, read_log
from worker_jobs.runtimes import llama_server, replica_runner
from worker_jobs.runtimes.protocol import (
    Capabilities,
    Doing,
    ObservedReplica,
    ReplicaSpec,
    RuntimeUnavailable,
)

RUNNER_SETTLES_WITHIN = 10.0  # seconds
KILL_MARGIN = 2.0  # seconds a runner gets beyond the grace of its model server
POLL_SECONDS = 0.02


def capabilities() -> Capabilities:
    return Capabilities(places_replicas=False, restarts_replicas=True, survives_control_plane=True)


def start(spec: ReplicaSpec) -> None:
    """Start a runner unless one lives. Raises RuntimeUnavailable when none can be started."""
    folder = _folder(spec.replica_id)
    if _is_kept_up(folder):
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_private(folder / "spec.json", json.dumps(_spec_file(spec, folder)))
        subprocess.run(
            [sys.executable, "-E", "-s", "-S", "-m", replica_runner.__name__, str(folder)],
            cwd=settings.BASE_DIR,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=RUNNER_SETTLES_WITHIN,
            check=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        raise RuntimeUnavailable(
            f"The runner of the model server did not start: {said[-1] if said else error}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RuntimeUnavailable(
            f"The runner of the model server did not settle in {RUNNER_SETTLES_WITHIN:.0f} s."
        ) from error
    except OSError as error:
        raise RuntimeUnavailable(f"{folder} cannot be used: {error.strerror}.") from error


def stop(replica_id: str, *, grace_seconds: float = 5.0) -> None:
    """Ask the runner to end, wait for it, and kill its whole session when it does not.

    Raises RuntimeUnavailable when even that does not help.
    """
    folder = _folder(replica_id)
    pid = _runner_pid(folder)
    if pid is None:
        return
    _signal(pid, signal.SIGTERM, group=False)
    if _ends_within(folder, pid, grace_seconds + KILL_MARGIN):
        return
    _signal(pid, signal.SIGKILL, group=True)
    if not _ends_within(folder, pid, KILL_MARGIN):
        raise RuntimeUnavailable(f"The runner {pid} does not end, not even when it is killed.")


def forget(replica_id: str) -> None:
    folder = _folder(replica_id)
    if _runner_pid(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)


def observe(replica_ids: Collection[str] | None = None) -> list[ObservedReplica]:
    """Every folder with a spec, whether its runner lives or not."""
    folders = (path.parent for path in sorted(_root().glob("*/spec.json")))
    return [
        _observed(folder) for folder in folders if replica_ids is None or folder.name in replica_ids
    ]


def logs(replica_id: str, *, after: int = 0, limit: int = 500) -> ReplicaLog:
    return read_log(_folder(replica_id), after=after, limit=limit)


def _root() -> Path:
    return Path(settings.REPLICAS_DIR)


def _folder(replica_id: str) -> Path:
    return _root() / replica_id


def _spec_file(spec: ReplicaSpec, folder: Path) -> dict[str, Any]:
    """What the runner and the model server read."""
    return {
        "replica_id": spec.replica_id,
        "digest": spec.digest,
        "argv": [sys.executable, "-I", llama_server.__file__, str(folder / "spec.json")],
        "environment": _environment(),
        "supervisor": _supervisor(),
        "policy": settings.REPLICA_POLICY,
        "server": {
            "alias": spec.name,
            "model_path": spec.model_path,
            "context_length": spec.context_length,
            "slots": spec.slots,
            "kv_type": spec.kv_type,
            "threads": min(spec.threads or _physical_cores(), len(os.sched_getaffinity(0))),
            "embedding": spec.embedding,
            "own_pooling": spec.own_pooling,
            "api_key": spec.api_key,
        },
    }


def _environment() -> dict[str, str]:
    """Nothing of ours is handed on but what the model server needs."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        # Idle OpenMP threads that spin can slow two busy cores down tenfold.
        "GOMP_SPINCOUNT": "0",
    }
    libgomp = os.environ.get("HEARTH_LIBGOMP_DIR", "")
    if libgomp:
        environment["LD_LIBRARY_PATH"] = libgomp
    return environment


def _supervisor() -> dict[str, int] | None:
    """The process that the model servers end with, if there is one."""
    pid = int(os.environ.get("HEARTH_SUPERVISOR_PID") or 0)
    started = replica_runner.start_ticks(pid) if pid else None
    if not pid:
        return None
    if started is None:
        raise RuntimeUnavailable("Hearth is being stopped on this machine.")
    return {"pid": pid, "start_time": started}


def _physical_cores() -> int:
    return psutil.cpu_count(logical=False) or 1


def _observed(folder: Path) -> ObservedReplica:
    spec, state = _read(folder / "spec.json"), _read(folder / "state.json")
    alive = _runner_pid(folder) is not None
    doing = _doing(state, alive=alive)
    server_pid = state.get("server_pid") if alive else None
    memory, peak = _memory(server_pid) if server_pid else (None, None)
    port = state.get("port")
    return ObservedReplica(
        replica_id=folder.name,
        doing=doing,
        reason=state.get("reason", ""),
        digest=spec.get("digest", ""),
        url=f"http://127.0.0.1:{port}" if doing == "running" and port else "",
        restarts=state.get("restarts", 0),
        exits=tuple(state.get("exits", ())),
        memory_bytes=memory,
        peak_bytes=peak,
        since=datetime.fromisoformat(state["since"]) if "since" in state else None,
    )


def _doing(state: dict[str, Any], *, alive: bool) -> Doing:
    status: Doing = state.get("status", "gone")
    if alive:
        return status
    return status if status in {"stopped", "failed"} else "gone"


def _runner_pid(folder: Path) -> int | None:
    """The living runner of a folder, recognised by number and start time together."""
    note = _read(folder / "runner.json")
    pid, started = note.get("pid"), note.get("start_time")
    if not isinstance(pid, int) or started is None:
        return None
    return pid if replica_runner.start_ticks(pid) == started else None


def _memory(pid: int) -> tuple[int | None, int | None]:
    """What the model server holds now and at most held, in bytes."""
    found = dict(_status_kilobytes(pid))
    resident, peak = found.get("VmRSS"), found.get("VmHWM")
    return (resident * 1024 if resident else None, peak * 1024 if peak else None)


def _status_kilobytes(pid: int) -> Iterator[tuple[str, int]]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return  # it has just ended
    for line in lines:
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            yield name, int(value.split()[0])


def _is_kept_up(folder: Path) -> bool:
    """A runner lives and means to go on; one that has given up is waited for."""
    pid = _runner_pid(folder)
    if pid is None:
        return False
    over = _read(folder / "state.json").get("status") in {"stopped", "failed"}
    return not (over and _ends_within(folder, pid, KILL_MARGIN))


def _ends_within(folder: Path, pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while _runner_pid(folder) == pid:
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return


def _read(path: Path) -> dict[str, Any]:
    """A JSON file as a dict; empty when it is not there or not whole."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_private(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    new.replace(path)
