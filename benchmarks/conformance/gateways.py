"""Gateways that the kit can start by itself, and what others need to be told."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import processes, programs

MODEL, PAIR_MODEL, HELD_MODEL = "kit", "kit-pair", "kit-held"
KEY, BUDGET_KEY = "hk_live_" + "c" * 32, "hk_live_" + "d" * 32
BUDGET_TOKENS = 400

_LITELLM = """model_list:
  - model_name: {model}
    litellm_params: {{model: openai/kit, api_base: "{a}", api_key: none}}
  - model_name: {pair}
    litellm_params: {{model: openai/kit, api_base: "{a}", api_key: none}}
  - model_name: {pair}
    litellm_params: {{model: openai/kit, api_base: "{b}", api_key: none}}
  - model_name: {pair}-other
    litellm_params: {{model: openai/kit, api_base: "{b}", api_key: none}}
general_settings:
  master_key: {key}
  forward_client_headers_to_llm_api: true
litellm_settings:
  request_timeout: 600
router_settings:
  num_retries: 2
  retry_after: 0
  disable_cooldowns: true
  fallbacks: [{{"{pair}": ["{pair}-other"]}}]
"""

_HEARTH = """In the console, or with a personal token over REST:

POST /api/upstreams   {{"name": "kit-a", "base_url": "{a}"}}
POST /api/upstreams   {{"name": "kit-b", "base_url": "{b}"}}
POST /api/routes      {{"name": "{model}", "targets": [{{"upstream": "kit-a"}}]}}
POST /api/routes      {{"name": "{pair}",
                       "targets": [{{"upstream": "kit-a"}}, {{"upstream": "kit-b"}}]}}
POST /api/keys        {{"name": "conformance"}}
"""


@dataclass(frozen=True)
class Gateway:
    """A gateway that runs and knows the kit's models. `restart` returns its new pid."""

    name: str
    base_url: str
    key: str
    pid: int
    restart: Callable[[], int]
    held: str | None = None
    let_go: Callable[[], None] | None = None
    budget: tuple[str, int] | None = None


def configuration(kind: str, urls: tuple[str, str]) -> str:
    """What to tell a gateway of this kind about the kit's two upstreams."""
    text = _LITELLM if kind == "litellm" else _HEARTH
    return text.format(a=urls[0], b=urls[1], model=MODEL, pair=PAIR_MODEL, key=KEY)


@contextmanager
def started(kind: str, urls: tuple[str, str]) -> Iterator[Gateway]:
    """A gateway of this kind, ready to be checked. Raises TimeoutError when it does not start."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        start = _start_litellm if kind == "litellm" else _start_hearth
        with start(Path(name), urls) as gateway:
            yield gateway


@contextmanager
def _start_litellm(folder: Path, urls: tuple[str, str]) -> Iterator[Gateway]:
    config = folder / "litellm.yaml"
    config.write_text(configuration("litellm", urls))
    program = programs.litellm(processes.free_ports(1)[0], config)
    with _running(program, folder) as process:
        yield Gateway(program.name, _url(program), KEY, process.start(), process.start)


@contextmanager
def _start_hearth(folder: Path, urls: tuple[str, str]) -> Iterator[Gateway]:
    with processes.own_redis(folder) as redis_url:
        _tell_hearth(redis_url, urls, loaded=False)
        program = programs.hearth(
            processes.free_ports(1)[0], redis_url, folder,
            name=f"Hearth {programs.hearth_version()}",
        )  # fmt: skip
        with _running(program, folder) as process:
            yield Gateway(
                program.name,
                _url(program),
                KEY,
                process.start(),
                process.start,
                held=HELD_MODEL,
                budget=(BUDGET_KEY, BUDGET_TOKENS),
                let_go=lambda: _tell_hearth(redis_url, urls, loaded=True),
            )


def _tell_hearth(redis_url: str, urls: tuple[str, str], *, loaded: bool) -> None:
    """Publish what a control plane would; the held model has a replica once it is loaded."""
    from apps.gateway.dataplane import keys
    from apps.gateway.dataplane import snapshot as s

    budget = s.Limits(tokens_per_day=BUDGET_TOKENS)
    replica = s.ReplicaEntry(id="r1", url=urls[0], slots=8)
    served = {
        MODEL: [s.TargetEntry(upstream_id=1, model="kit")],
        PAIR_MODEL: [s.TargetEntry(upstream_id=each, model="kit") for each in (1, 2)],
        HELD_MODEL: [s.TargetEntry(deployment_id=1, model="kit")],
    }
    held = s.DeploymentEntry(
        id=1,
        name=HELD_MODEL,
        state="ready" if loaded else "stopped",
        on_demand=True,
        replicas=[replica] if loaded else [],
    )
    document = s.Snapshot(
        version=programs.new_version(),
        keys=[
            s.KeyEntry(id=1, team_id=1, digest=keys.digest(KEY)),
            s.KeyEntry(id=2, team_id=1, digest=keys.digest(BUDGET_KEY), limits=budget),
        ],
        upstreams=[
            s.UpstreamEntry(id=number, name=f"kit-{letter}", base_url=url)
            for number, letter, url in zip((1, 2), "ab", urls, strict=True)
        ],
        deployments=[held],
        routes=[
            s.RouteEntry(name=name, team_id=1, targets=targets) for name, targets in served.items()
        ],
    )
    programs.publish(redis_url, document)


def _url(program: programs.Program) -> str:
    return f"http://127.0.0.1:{program.port}/v1"


@dataclass
class _Process:
    program: programs.Program
    log: Path
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> int:
        """End it if it runs, start it, and return its pid once it listens. Raises TimeoutError."""
        self.stack.close()
        program = self.program
        process = self.stack.enter_context(
            processes.running(program.command, program.environment, self.log)
        )
        deadline = time.monotonic() + program.start_seconds
        while not _listens(program.port):
            if process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text()[-2000:]
                raise TimeoutError(f"{program.name} did not start: {said}")
            time.sleep(0.1)
        return process.pid


@contextmanager
def _running(program: programs.Program, folder: Path) -> Iterator[_Process]:
    process = _Process(program, folder / "gateway.log")
    try:
        yield process
    finally:
        process.stack.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
