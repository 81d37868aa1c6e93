"""The gateways that are measured and checked, and how each is started."""

import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis

from apps.gateway.dataplane import snapshot
from apps.gateway.dataplane.limits.script import SEEDED_KEY

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "var" / "benchmarks"  # what is built and installed once, for every benchmark
UV = ROOT / ".uv" / "bin" / "uv"


@dataclass(frozen=True)
class Program:
    """A command line with its environment; it answers within `start_seconds`."""

    name: str
    port: int
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    start_seconds: float = 20.0
    inherits: tuple[int, ...] = ()  # open files


def hearth(
    port: int, redis_url: str, folder: Path, *, name: str = "Hearth", listening: int | None = None
) -> Program:
    """The gateway as it runs alone, served as `make run` serves its one port.

    `listening` is an open socket on that port, for several processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret.key"
    secret.write_text("benchmark")
    return Program(
        name=name,
        port=port,
        command=[
            sys.executable, "-m", "controlplane.serve", "controlplane.asgi_gateway:application",
            *(("--port", str(port)) if listening is None else ("--fd", str(listening))),
        ],
        inherits=() if listening is None else (listening,),
        environment={
            "REDIS_URL": redis_url,
            "HEARTH_VAR": str(folder / "hearth"),
            "HEARTH_SECRET_KEY_FILE": str(secret),
            "DJANGO_SETTINGS_MODULE": "controlplane.settings.gateway",
        },
    )  # fmt: skip


def hearth_version() -> str:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return str(document["project"]["version"])


def publish(redis_url: str, document: snapshot.Snapshot) -> None:
    """Tell every gateway process on this Redis what is true, and that nothing was used before."""
    with redis.Redis.from_url(redis_url) as client:
        client.set(SEEDED_KEY, 1)
        client.set(snapshot.SNAPSHOT_KEY, snapshot.encode(document))
        client.publish(snapshot.CHANGED_CHANNEL, str(document.version))


def new_version() -> int:
    return time.time_ns() // 1000


def litellm(port: int, config: Path) -> Program:
    environment = installed("litellm", "litellm[proxy]")
    return Program(
        name=f"LiteLLM {installed_version(environment, 'litellm')}",
        port=port,
        command=[
            str(environment / "bin" / "litellm"), "--config", str(config),
            "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1",
        ],
        environment={
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_TELEMETRY": "False",
            "DISABLE_ADMIN_UI": "True",
        },
        start_seconds=120,
    )  # fmt: skip


def vllm_router(port: int, upstream: str, key: str) -> Program:
    """The Rust router as its documentation starts it, checking one key."""
    environment = installed("vllm-router", "vllm-router")
    return Program(
        name=f"vLLM router {installed_version(environment, 'vllm-router')}",
        port=port,
        command=[
            str(environment / "bin" / "vllm-router"), "--worker-urls", upstream,
            "--host", "127.0.0.1", "--port", str(port), "--policy", "round_robin",
            "--prometheus-port", str(port + 50), "--log-level", "error", "--api-key", key,
        ],
        start_seconds=60,
    )  # fmt: skip


def installed(program: str, package: str) -> Path:
    """The environment of a program from PyPI, made once. Raises CalledProcessError."""
    environment = FOLDER / program
    if not (environment / "bin" / program).exists():
        subprocess.run([UV, "venv", "-q", "--clear", environment], check=True)
        python = environment / "bin" / "python"
        install = [str(UV), "pip", "install", "-q", "--python", str(python), package]
        subprocess.run(install, check=True)
    return environment


def installed_version(environment: Path, package: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run(
        [environment / "bin" / "python", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
