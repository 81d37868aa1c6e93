"""The model server that ships with Hearth, started as a replica is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apps.gateway.dataplane import snapshot
from tests.conftest import ROOT
from tests.gateway.harness import House

SERVER_KEY = "sk-replica"


@contextmanager
def running_engine(folder: Path, **changes: Any) -> Iterator[str]:
    """llama.cpp's server with the bundled model; its address."""
    spec = {
        "model_path": str(ROOT / "stack" / "assets" / "opsling-q8_0.gguf"),
        "alias": "opsling",
        "api_key": SERVER_KEY,
        "slots": 2,
        "context_length": 1024,
        "kv_type": "f16",
        "threads": 1,
        "embedding": False,
        "own_pooling": False,
        **changes,
    }
    (folder / "spec.json").write_text(json.dumps({"server": spec}))
    reading, writing = os.pipe()
    environment = {**os.environ, "HEARTH_READY_FD": str(writing), "GOMP_SPINCOUNT": "0"}
    if "HEARTH_LIBGOMP_DIR" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["HEARTH_LIBGOMP_DIR"]
    launcher = ROOT / "worker_jobs" / "runtimes" / "llama_server.py"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(launcher), str(folder / "spec.json")],
            env=environment,
            pass_fds=[writing],
            stdout=log,
            stderr=log,
        )
    os.close(writing)
    with os.fdopen(reading) as ready:
        port = ready.read()
    assert port, (folder / "log").read_text()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def deploy(house: House, address: str, name: str = "opsling", **changes: Any) -> None:
    """The server at this address as a deployment with one replica, and a route of its name."""
    number = len(house.deployments) + 1
    replica = snapshot.ReplicaEntry(id=str(number), url=address, sealed_key=f"sealed:{SERVER_KEY}")
    house.deployments.append(
        snapshot.DeploymentEntry(id=number, name=name, state="ready", replicas=[replica], **changes)
    )
    house.routes.append(
        snapshot.RouteEntry(
            name=name, team_id=1, targets=[snapshot.TargetEntry(deployment_id=number)]
        )
    )
