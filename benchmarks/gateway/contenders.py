"""What is compared: Hearth's data plane with little and with everything, and four others."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from apps.gateway.dataplane import keys
from apps.gateway.dataplane import snapshot as s
from benchmarks import programs

KEY = "hk_live_" + "b" * 32
MOCK_PORT, HEARTH_PORT, NGINX_PORT, LITELLM_PORT, ROUTER_PORT = 19001, 19010, 19011, 19012, 19013
MODEL = "mock"
MANY_KEYS, MANY_ROUTES = 10_000, 1_000

_UPSTREAM = f"http://127.0.0.1:{MOCK_PORT}"
_PLENTY = 2**40
_EVERY_LIMIT = s.Limits(
    requests_per_minute=_PLENTY,
    tokens_per_minute=_PLENTY,
    parallel=100_000,
    tokens_per_day=_PLENTY,
    tokens_per_month=_PLENTY,
)

_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-other;
  uwsgi_temp_path {folder}/nginx-other;
  scgi_temp_path {folder}/nginx-other;
  keepalive_requests 100000000;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_buffering off;
  upstream model {{ server 127.0.0.1:{mock}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://model; }}
  }}
}}
"""

_LITELLM = """
model_list:
  - model_name: mock
    litellm_params:
      model: openai/mock
      api_base: http://127.0.0.1:{mock}/v1
      api_key: none
general_settings:
  master_key: {key}
litellm_settings:
  num_retries: 0
  request_timeout: 600
"""


@dataclass(frozen=True)
class Contender:
    """`prepare` is called before every start. Without a program it is the model server itself."""

    short: str
    name: str
    port: int
    program: programs.Program | None
    prepare: Callable[[], None] = lambda: None


def direct() -> Contender:
    return Contender("direct", "no gateway", MOCK_PORT, None)


def hearth_plain(redis_url: str, folder: Path) -> Contender:
    """One key without limits, one route with one target."""
    return _hearth("hearth-plain", "Hearth, plain key", redis_url, folder, plain_document())


def hearth_full(redis_url: str, folder: Path) -> Contender:
    """Five limits on each of key, user and team, and a route with all that routes can have."""
    name = "Hearth, everything on"
    return _hearth("hearth", name, redis_url, folder, full_document())


def hearth_many(redis_url: str, folder: Path) -> Contender:
    name = f"Hearth, {MANY_KEYS:,} keys and {MANY_ROUTES:,} routes"
    return _hearth("hearth-many", name, redis_url, folder, many_document())


def _hearth(short: str, name: str, redis_url: str, folder: Path, document: s.Snapshot) -> Contender:
    def prepare() -> None:
        version = programs.new_version()
        programs.publish(redis_url, replace(document, version=version))

    program = programs.hearth(HEARTH_PORT, redis_url, folder, name=name)
    return Contender(short, name, HEARTH_PORT, program, prepare)


def _upstreams() -> list[s.UpstreamEntry]:
    return [
        s.UpstreamEntry(id=number, name=f"mock-{number}", base_url=_UPSTREAM) for number in (1, 2)
    ]


def plain_document() -> s.Snapshot:
    return s.Snapshot(
        version=0,
        keys=[s.KeyEntry(id=1, team_id=1, digest=keys.digest(KEY))],
        upstreams=_upstreams(),
        routes=[s.RouteEntry(name=MODEL, team_id=1, targets=[s.TargetEntry(upstream_id=1)])],
    )


def full_document() -> s.Snapshot:
    targets = [
        s.TargetEntry(upstream_id=1, model="mock", weight=3),
        s.TargetEntry(upstream_id=2, model="mock", weight=1),
    ]
    key = s.KeyEntry(
        id=1,
        team_id=1,
        user_id=1,
        digest=keys.digest(KEY),
        models=[MODEL, "other"],
        networks=["127.0.0.0/8"],
        limits=_EVERY_LIMIT,
        max_output_tokens=4096,
    )
    return s.Snapshot(
        version=0,
        keys=[key],
        holders=[
            s.HolderEntry(level="user", id=1, team_id=1, limits=_EVERY_LIMIT),
            s.HolderEntry(level="team", id=1, team_id=1, limits=_EVERY_LIMIT),
        ],
        upstreams=_upstreams(),
        routes=[
            s.RouteEntry(
                name=MODEL,
                team_id=1,
                targets=targets,
                affinity="prefix",
                fallbacks=[s.FallbackEntry(on=["refused", "5xx", "429", "timeout"], to="other")],
            ),
            s.RouteEntry(name="other", team_id=1, targets=targets[1:]),
        ],
    )


def many_document() -> s.Snapshot:
    """The full one, ten thousand and one thousand times. `load` counts keys and models alike."""
    full = full_document()
    key, route = full.keys[0], full.routes[0]
    names = [f"{MODEL}-{number}" for number in range(MANY_ROUTES)]
    return replace(
        full,
        keys=[
            key,
            *(
                replace(key, id=2 + number, digest=keys.digest(f"{KEY}{number:08d}"), models=None)
                for number in range(MANY_KEYS)
            ),
        ],
        routes=[*full.routes, *(replace(route, name=name) for name in names)],
    )


def nginx(folder: Path) -> Contender | None:
    """Plain proxying without keys, limits or usage: what passing bytes on costs at least."""
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        return None
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, mock=MOCK_PORT, port=NGINX_PORT))
    name = "nginx, plain proxy"
    program = programs.Program(name, NGINX_PORT, [binary, "-c", str(config)])
    return Contender("nginx", name, NGINX_PORT, program)


def litellm(folder: Path) -> Contender | None:
    config = folder / "litellm.yaml"
    config.write_text(_LITELLM.format(mock=MOCK_PORT, key=KEY))
    return _from_pypi("litellm", lambda: programs.litellm(LITELLM_PORT, config))


def vllm_router(_: Path) -> Contender | None:
    return _from_pypi("vllm-router", lambda: programs.vllm_router(ROUTER_PORT, _UPSTREAM, KEY))


def _from_pypi(short: str, make: Callable[[], programs.Program]) -> Contender | None:
    """None, and a word about it, when it cannot be installed here."""
    try:
        program = make()
    except (subprocess.CalledProcessError, FileNotFoundError) as problem:
        print(f"{short} is left out, it cannot be installed: {problem}", file=sys.stderr)
        return None
    return Contender(short, program.name, program.port, program)
