"""A gateway on a real socket, its own Redis, and snapshots written by hand."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anthropic
import httpx
import msgspec
import openai
import redis
import uvicorn
import uvloop

from apps.gateway.dataplane import keys, snapshot
from apps.gateway.dataplane.app import Gateway, create_app
from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.errors import Cause
from apps.gateway.dataplane.limits.script import SEEDED_KEY
from apps.gateway.dataplane.usage import USAGE_FIELD, USAGE_STREAM, UsageRecord, decode_record
from controlplane import serve
from tests.waiting import eventually

SECRET = "hk_live_" + "k" * 32
HEADERS = {"authorization": f"Bearer {SECRET}"}
TICKET_SECRET = b"t" * 32
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each request reading the certificates


class OwnRedis:
    """A Redis server of the tests alone, so that each of them may kill it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        self._is_frozen = False

    def renew(self) -> None:
        """Make it what a new one would be, whatever a test did to it."""
        if self._is_frozen:
            self.kill()
        if self._process is None:
            self.start()
        with self.client() as client:
            client.flushall()
            client.script_flush()
            client.config_resetstat()
            client.config_set("maxmemory", 0)

    def start(self) -> None:
        binary = shutil.which("redis-server")
        assert binary is not None
        self._process = subprocess.Popen(
            [
                binary,
                "--port",
                "0",
                "--unixsocket",
                str(self.socket),
                "--dir",
                str(self._folder),
                "--appendonly",
                "yes",
                "--save",
                "",
            ],
            stdout=subprocess.DEVNULL,
        )
        eventually(self._answers, within=60, every=0.002)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=30)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None
            self._is_frozen = False

    def freeze(self) -> None:
        assert self._process is not None
        self._is_frozen = True
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._is_frozen = False


@dataclass
class House:
    """What the control plane would know: edit it, then `publish`."""

    redis: OwnRedis
    keys: list[snapshot.KeyEntry] = field(
        default_factory=lambda: [snapshot.KeyEntry(id=1, team_id=1, digest=keys.digest(SECRET))]
    )
    upstreams: list[snapshot.UpstreamEntry] = field(default_factory=list)
    deployments: list[snapshot.DeploymentEntry] = field(default_factory=list)
    routes: list[snapshot.RouteEntry] = field(default_factory=list)
    holders: list[snapshot.HolderEntry] = field(default_factory=list)
    counted: bool = True  # what was used before is known: nothing

    def serve(
        self,
        name: str,
        *urls: str,
        team_id: int | None = 1,
        speaks: Sequence[snapshot.Spoken] = (),
        **target: Any,
    ) -> None:
        """A route to outside servers at these addresses."""
        first = len(self.upstreams) + 1
        for number, url in enumerate(urls, first):
            self.upstreams.append(
                snapshot.UpstreamEntry(
                    id=number, name=f"up-{number}", base_url=url, speaks=list(speaks)
                )
            )
        self.routes.append(
            snapshot.RouteEntry(
                name=name,
                team_id=team_id,
                targets=[
                    snapshot.TargetEntry(upstream_id=number, **target)
                    for number in range(first, first + len(urls))
                ],
            )
        )

    def change_route(self, name: str, **values: Any) -> None:
        self.routes = [
            msgspec.structs.replace(route, **values) if route.name == name else route
            for route in self.routes
        ]

    def fall_back(self, name: str, to: str, *causes: Cause) -> None:
        """The route goes on with another one, for these causes alone."""
        self.change_route(name, fallbacks=[snapshot.FallbackEntry(on=list(causes), to=to)])

    def publish(self) -> int:
        version = time.time_ns() // 1000
        document = snapshot.Snapshot(
            version=version,
            keys=self.keys,
            upstreams=self.upstreams,
            deployments=self.deployments,
            routes=self.routes,
            holders=self.holders,
        )
        with self.redis.client() as client:
            if self.counted:
                client.set(SEEDED_KEY, 1)
            client.set(snapshot.SNAPSHOT_KEY, snapshot.encode(document))
            client.publish(snapshot.CHANGED_CHANNEL, str(version))
        return version

    def usage(self) -> list[UsageRecord]:
        """Every record that has reached Redis."""
        with self.redis.client() as client:
            entries: Any = client.xrange(USAGE_STREAM)
        return [
            decode_record(line)
            for _, entry in entries
            for line in entry[USAGE_FIELD.encode()].splitlines()
        ]

    def wait_for_usage(self, count: int, *, within: float = 30) -> list[UsageRecord]:
        eventually(lambda: len(self.usage()) >= count, within=within)
        return self.usage()


@dataclass
class Served:
    app: Gateway
    port: int
    stop: Callable[[], None] = lambda: None  # asks it to end, as Ctrl-C does

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


class PromptServer(uvicorn.Server):
    """uvicorn as it is, but for the tenths of a second it takes to end."""

    def __init__(self, settings: uvicorn.Config) -> None:
        super().__init__(settings)
        self._asked = asyncio.Event()

    def end(self) -> None:
        """From its own loop."""
        self.should_exit = True
        self._asked.set()

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._asked.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        await self.lifespan.shutdown()


Speaking = Callable[[list[snapshot.Spoken]], Served]


def config(redis_url: str, folder: Path, **changes: Any) -> GatewayConfig:
    base = GatewayConfig(
        redis_url=redis_url,
        decrypt=lambda sealed: sealed.removeprefix("sealed:"),
        ticket_secret=TICKET_SECRET,
        cache_file=folder / "cache" / "snapshot.json",
        spool_dir=folder / "spool",
        flush_seconds=0.05,
        poll_seconds=0.5,
        limits_wait_seconds=10.0,  # a busy machine is no Redis that is away
    )
    return replace(base, **changes)


@contextmanager
def serving(settings: GatewayConfig, *, lifespan: str = "on") -> Iterator[Served]:
    """The gateway in a thread of this process, served as `make run` serves it."""
    app = create_app(settings)
    server = PromptServer(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            lifespan=lifespan,  # type: ignore[arg-type]
            log_level="error",
            **serve.OPTIONS,
        )
    )
    loop = uvloop.new_event_loop()

    async def run() -> None:
        await server.serve()
        await app.stop()  # what a host without lifespan leaves to whoever mounted it

    def in_own_loop() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    def stop() -> None:
        with suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(server.end)

    thread = threading.Thread(target=in_own_loop, daemon=True)
    thread.start()
    eventually(lambda: server.started, within=60, every=0.002)
    try:
        yield Served(app, server.servers[0].sockets[0].getsockname()[1], stop)
    finally:
        stop()
        thread.join(60)
        assert not thread.is_alive()


def wait_until_known(served: Served, version: int, *, within: float = 30) -> None:
    eventually(lambda: _version(served.app) == version, within=within)


def _version(app: Gateway) -> int:
    return next(
        int(metric.samples[0].value)
        for metric in app.collect()
        if metric.name == "hearth_gateway_snapshot_version"
    )


def resident_mib(pid: int | None = None) -> float:
    status = Path(f"/proc/{pid or os.getpid()}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def post(gateway: Served, **body: Any) -> httpx.Response:
    """A chat completion for `tiny`; further keywords go into the body."""
    return httpx.post(
        f"{gateway.url}/chat/completions",
        json={"model": "tiny", "messages": [{"role": "user", "content": "hi"}], **body},
        headers=HEADERS,
        timeout=30,
        verify=NO_TLS,
    )


def strict_openai(gateway: Served) -> openai.OpenAI:
    """The official client; whatever is not of the shape its types say raises an error."""
    return openai.OpenAI(
        base_url=gateway.url,
        api_key=SECRET,
        max_retries=0,
        timeout=60,
        _strict_response_validation=True,
    )


def strict_anthropic(gateway: Served) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        base_url=gateway.url.removesuffix("/v1"),
        api_key=SECRET,
        max_retries=0,
        timeout=60,
        _strict_response_validation=True,
    )
