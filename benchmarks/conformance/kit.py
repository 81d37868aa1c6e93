"""What the checks are written with: one order to the upstream, one reply, one verdict."""

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.conformance.client import Address, NoReply, Reply, Wire, connected
from benchmarks.conformance.scripts import SCRIPTS
from benchmarks.conformance.upstream import Seen, Upstream

CHAT = "/chat/completions"
_CALM_SECONDS = 30.0
_CHECK_SECONDS = 90.0
_LOOK_SECONDS = 0.002
_LONGEST_EVIDENCE = 200


class Broken(Exception):
    """The gateway did not keep the promise; the text is the evidence."""


class NotApplicable(Exception):
    """This gateway, or how it is reached, leaves nothing to check; the text says why."""


@dataclass
class Kit:
    """The gateway under test between our client and our two upstreams.

    `pair_model` is served by both upstreams, `model` by the first alone. `pid` is known when the
    gateway runs on this machine, `restart` when the kit started it. `held` is a model that cannot
    be served until `let_go` is called. `budget` is another key and the tokens it may use in a day,
    none of which it has used. Limits of time are `patience` times longer.
    """

    base_url: str
    key: str
    model: str
    upstreams: tuple[Upstream, Upstream]
    pair_model: str | None = None
    pid: int | None = None
    held: str | None = None
    let_go: Callable[[], None] | None = None
    restart: Callable[[], int] | None = None
    budget: tuple[str, int] | None = None
    patience: float = 1.0
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _run: str = field(default_factory=lambda: secrets.token_hex(4))

    def __post_init__(self) -> None:
        self.address = Address.of(self.base_url)

    def mark(self) -> str:
        return f"{self._run}x{next(self._numbers)}"

    def body(self, script: str, mark: str, **more: Any) -> bytes:
        """A chat request that orders `script`; further fields go in as they are."""
        order = [{"role": "user", "content": f"kit:{script}:{mark}"}]
        fields = {"model": self.model, "messages": order, **more}
        return json.dumps(fields).encode()

    def request(
        self,
        body: bytes,
        *,
        method: str = "POST",
        path: str = CHAT,
        headers: str = "",
        key: str | None = None,
        length: bool = True,
    ) -> bytes:
        """The bytes of a request. `headers` are whole lines, each with its line end."""
        key = self.key if key is None else key
        return (
            f"{method} {self.address.path}{path} HTTP/1.1\r\nhost: {self.address.host}\r\n"
            + (f"authorization: Bearer {key}\r\n" if key else "")
            + ("content-type: application/json\r\n" if body else "")
            + (f"content-length: {len(body)}\r\n" if length else "")
            + f"{headers}\r\n"
        ).encode("latin-1") + body

    def connect(self, **options: Any) -> AbstractAsyncContextManager[Wire]:
        return connected(self.address, **options)

    async def ask(self, raw: bytes) -> Reply:
        """One request on a connection of its own, and its whole reply. Raises NoReply."""
        async with self.connect() as wire:
            await wire.send(raw)
            return await wire.rest(await wire.head())

    async def order(self, script: str, *, key: str | None = None, **more: Any) -> tuple[Reply, str]:
        """Ask for a script's reply: the reply, and the mark under which the upstream saw it."""
        mark = self.mark()
        return await self.ask(self.request(self.body(script, mark, **more), key=key)), mark

    def requests(self, mark: str) -> list[Seen]:
        """What both upstreams saw of one order, in the order of arrival."""
        both = [*self.upstreams[0].requests(mark), *self.upstreams[1].requests(mark)]
        return sorted(both, key=lambda seen: seen.at)

    @property
    def is_busy(self) -> bool:
        """Whether an upstream still makes a reply."""
        return any(upstream.is_busy for upstream in self.upstreams)

    async def arrival(self, mark: str) -> Seen:
        """The request, once an upstream has it. Raises Broken when none gets it."""
        await self.until(lambda: bool(self.requests(mark)), "no upstream got the request")
        return self.requests(mark)[0]

    async def until(self, holds: Callable[[], bool], otherwise: str, *, within: float = 10) -> None:
        """Return as soon as it holds. Raises Broken with `otherwise` when it does not in time."""
        deadline = time.monotonic() + within * self.patience
        while not holds():
            if time.monotonic() > deadline:
                raise Broken(otherwise)
            await asyncio.sleep(_LOOK_SECONDS)

    async def in_turn(self, raws: list[bytes]) -> tuple[list[Reply | None], int]:
        """The replies to requests on one connection, and how many connections it took.

        None stands for a request that was not answered.
        """
        replies: list[Reply | None] = []
        connections = 0
        while len(replies) < len(raws):
            connections += 1
            async with self.connect() as wire:
                try:
                    while len(replies) < len(raws):
                        await wire.send(raws[len(replies)])
                        reply = await wire.rest(await wire.head())
                        replies.append(reply)
                        if reply.header("connection") == "close":
                            break
                except (NoReply, OSError):
                    replies.append(None)
        return replies, connections

    async def served(self, model: str) -> int:
        """How many tries it took until a model answered. Raises Broken."""
        for tries in range(1, 50):
            reply, _ = await self.order("plain", model=model)
            if reply.status == 200:
                return tries
            await self.pause(0.2)
        raise Broken(f"{model} was never served")

    async def until_both_serve(self, model: str) -> None:
        """Return when the first upstream is asked again too, whose faults may be remembered."""
        deadline = time.monotonic() + _CALM_SECONDS * self.patience
        while time.monotonic() < deadline:
            _, mark = await self.order("plain", model=model)
            if any(seen.listener == "a" for seen in self.requests(mark)):
                return
            await self.pause(0.1)
        raise Broken(f"the first upstream is not asked any more after {_CALM_SECONDS:.0f} s")

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def now(self) -> float:
        """Monotonic seconds, as all times here."""
        return time.monotonic()

    async def calm(self) -> None:
        """Wait until the faults of the check before are forgotten: circuit breakers close again."""
        deadline = time.monotonic() + _CALM_SECONDS * self.patience
        while True:
            try:
                reply, _ = await self.order("plain")
                if reply.status == 200:
                    return
                said = f"status {reply.status} {reply.error().get('message', '')}"
            except (NoReply, OSError) as problem:
                said = str(problem)
            if time.monotonic() > deadline:
                raise Broken(f"plain requests were not answered: {said}")
            await asyncio.sleep(0.2)


Check = Callable[[Kit], Awaitable[str]]
Outcome = Literal["pass", "fail", "n/a"]


@dataclass(frozen=True)
class Promise:
    id: str
    text: str
    check: Check


@dataclass(frozen=True)
class Verdict:
    id: str
    promise: str
    outcome: Outcome
    evidence: str
    seconds: float


PROMISES: list[Promise] = []


def promise(name: str, text: str) -> Callable[[Check], Check]:
    """Register a check. It returns its evidence, or raises Broken or NotApplicable with it."""

    def register(check: Check) -> Check:
        PROMISES.append(Promise(name, text, check))
        return check

    return register


def require(holds: object, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


def needs_pair(kit: Kit) -> str:
    """The model with two upstreams. Raises NotApplicable."""
    if kit.pair_model is None:
        raise NotApplicable("no model with two upstreams was named (--pair-model)")
    return kit.pair_model


def upstreams(ports: tuple[int, int], host: str = "127.0.0.1") -> tuple[Upstream, Upstream]:
    """The two upstreams of a run, not yet listening."""
    a, b = ports
    return Upstream("a", SCRIPTS, host, a), Upstream("b", SCRIPTS, host, b)


async def run(
    kit: Kit, promises: list[Promise], tell: Callable[[Verdict], object] = lambda _: None
) -> list[Verdict]:
    """Every check in turn; `tell` hears of each as it is judged.

    A check after which plain requests are not answered any more has failed. Where the kit started
    the gateway it starts it again, so that the checks after that one are about themselves. Raises
    Broken when the gateway answers nothing from the beginning.
    """
    await kit.calm()
    verdicts: list[Verdict] = []
    for each in promises:
        began = time.monotonic()
        outcome, evidence = await _judge(kit, each)
        trouble = await _aftermath(kit)
        if trouble:
            outcome, evidence = "fail", f"{evidence}; then {trouble}"
        one_line = " ".join(evidence.split())[:_LONGEST_EVIDENCE]
        seconds = time.monotonic() - began
        verdicts.append(Verdict(each.id, each.text, outcome, one_line, seconds))
        tell(verdicts[-1])
    return verdicts


async def _aftermath(kit: Kit) -> str:
    """What is wrong with the gateway after a check, "" when it answers plain requests."""
    try:
        # What is still being made for clients that have gone is this check's, not the next one's.
        await kit.until(
            lambda: not kit.is_busy,
            f"an upstream still worked {_CALM_SECONDS:.0f} s later",
            within=_CALM_SECONDS,
        )
        await kit.calm()
    except Broken as problem:
        if kit.restart is not None:
            kit.pid = await asyncio.to_thread(kit.restart)
            await kit.calm()
        return str(problem)
    return ""


async def _judge(kit: Kit, each: Promise) -> tuple[Outcome, str]:
    try:
        async with asyncio.timeout(_CHECK_SECONDS * kit.patience):
            return "pass", await each.check(kit)
    except ExceptionGroup as several:  # from checks that do several things at once
        return _outcome(several.exceptions[0])
    except Exception as problem:  # noqa: BLE001 - whatever a gateway causes is its verdict
        return _outcome(problem)


def _outcome(problem: Exception) -> tuple[Outcome, str]:
    if isinstance(problem, NotApplicable):
        return "n/a", str(problem)
    if isinstance(problem, Broken | NoReply):
        return "fail", str(problem)
    if isinstance(problem, TimeoutError):
        return "fail", f"not over within {_CHECK_SECONDS:.0f} s"
    return "fail", f"{type(problem).__name__}: {problem}"
