"""What is compared: Hearth's data plane, nginx as the floor, LiteLLM as what people use today."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import redis

from apps.gateway.dataplane import keys, snapshot
from benchmarks.gateway.measured import Contender

KEY = "hk_live_" + "b" * 32
MOCK_PORT, HEARTH_PORT, NGINX_PORT, LITELLM_PORT = 19001, 19010, 19011, 19012

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


def hearth(redis_url: str, folder: Path) -> Contender:
    """The gateway as it runs alone: one process, keys and routes from the published table."""
    document = snapshot.Snapshot(
        version=time.time_ns() // 1000,
        keys=[snapshot.KeyEntry(id=1, team_id=1, digest=keys.digest(KEY))],
        upstreams=[
            snapshot.UpstreamEntry(id=1, name="mock", base_url=f"http://127.0.0.1:{MOCK_PORT}")
        ],
        routes=[
            snapshot.RouteEntry(
                name="mock", team_id=1, targets=[snapshot.TargetEntry(upstream_id=1)]
            )
        ],
    )
    with redis.Redis.from_url(redis_url) as client:
        client.set(snapshot.SNAPSHOT_KEY, snapshot.encode(document))
    secret = folder / "secret.key"
    secret.write_text("benchmark")
    return Contender(
        name="Hearth",
        port=HEARTH_PORT,
        command=[
            sys.executable, "-m", "uvicorn", "controlplane.asgi_gateway:application",
            "--host", "127.0.0.1", "--port", str(HEARTH_PORT), "--loop", "uvloop",
            "--http", "httptools", "--no-access-log", "--log-level", "warning", "--ws", "none",
        ],
        environment={
            "REDIS_URL": redis_url,
            "HEARTH_VAR": str(folder / "hearth"),
            "HEARTH_SECRET_KEY_FILE": str(secret),
            "DJANGO_SETTINGS_MODULE": "controlplane.settings.gateway",
        },
    )  # fmt: skip


def nginx(folder: Path) -> Contender | None:
    """Plain proxying without keys, limits or usage: what passing bytes on costs at least."""
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        return None
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, mock=MOCK_PORT, port=NGINX_PORT))
    return Contender(
        name="nginx, plain proxy", port=NGINX_PORT, command=[binary, "-c", str(config)]
    )


def litellm(uv: Path, folder: Path) -> Contender:
    """In an environment of its own, made here once. Raises CalledProcessError."""
    environment = folder / "litellm"
    if not (environment / "bin" / "litellm").exists():
        subprocess.run([uv, "venv", "-q", "--clear", environment], check=True)
        python = environment / "bin" / "python"
        install = [str(uv), "pip", "install", "-q", "--python", str(python), "litellm[proxy]"]
        subprocess.run(install, check=True)
    config = folder / "litellm.yaml"
    config.write_text(_LITELLM.format(mock=MOCK_PORT, key=KEY))
    return Contender(
        name=f"LiteLLM {_version(environment)}",
        port=LITELLM_PORT,
        command=[
            str(environment / "bin" / "litellm"), "--config", str(config),
            "--host", "127.0.0.1", "--port", str(LITELLM_PORT), "--num_workers", "1",
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


def _version(environment: Path) -> str:
    code = "import importlib.metadata as m; print(m.version('litellm'))"
    done = subprocess.run(
        [environment / "bin" / "python", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
