"""Which upstreams serve which name, and picking one. Pure apart from the gauges it reads."""

import random
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from apps.gateway.dataplane.errors import Cause, GatewayError
from apps.gateway.dataplane.keys import Caller
from apps.gateway.dataplane.snapshot import Affinity, HolderEntry, Spoken


@dataclass(slots=True)
class Load:
    """What this process knows of one endpoint. Outlives the tables it appears in."""

    inflight: int = 0
    avoid_until: float = 0.0  # monotonic seconds; it failed a moment ago


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream listens. `path` goes before `/chat/completions`; usually `/v1`."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place a request can be sent to: a replica, or a server outside."""

    id: str
    name: str  # what `x-served-by` says
    address: Address
    load: Load
    authorization: bytes | None = None
    deployment_id: int | None = None
    upstream_id: int | None = None
    replica_id: str | None = None
    node: str = ""
    speaks: frozenset[Spoken] = frozenset()  # empty: whatever an OpenAI-compatible server speaks
    leaves_house: bool = False
    context_length: int | None = None  # tokens one request may fill
    slots: int | None = None  # requests it works on at once; None: nobody knows
    problem: str = ""  # what the control plane's last probe said


@dataclass(frozen=True, slots=True)
class ServedDeployment:
    """A deployment behind a target: what to wake, and what to say while it does not answer."""

    id: int
    name: str
    on_demand: bool
    state: str
    state_reason: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    endpoints: tuple[Endpoint, ...]
    weight: float = 1.0
    model: str | None = None  # the name to ask the upstream for; None: the name the client used
    deployment: ServedDeployment | None = None


@dataclass(frozen=True, slots=True)
class Fallback:
    on: frozenset[Cause]
    to: str


@dataclass(frozen=True, slots=True)
class Route:
    """A public model name. `team_id` None: every team sees it."""

    name: str
    team_id: int | None
    targets: tuple[Target, ...]
    fallbacks: tuple[Fallback, ...] = ()
    created: int = 0  # unix seconds, for /v1/models
    aliases: tuple[str, ...] = ()
    affinity: Affinity = "none"
    may_leave_house: bool = False
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Everything a request is decided by: an immutable picture with a version."""

    version: int = 0
    keys: Mapping[str, Caller] = field(default_factory=dict)
    routes: Mapping[tuple[int | None, str], Route] = field(default_factory=dict)  # and by alias
    holders: Mapping[tuple[str, int, int], HolderEntry] = field(default_factory=dict)

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint a route leads to, as often as routes do."""
        for route in self.routes.values():
            for target in route.targets:
                yield from target.endpoints

    def find(self, team_id: int, name: str) -> Route | None:
        return self.routes.get((team_id, name)) or self.routes.get((None, name))

    def get_for(self, caller: Caller, name: str) -> Route:
        """Raises GatewayError 404 for a name nobody in the team has, 403 for one not allowed."""
        route = self.find(caller.team_id, name)
        if route is None:
            raise GatewayError(
                404,
                "model_not_found",
                f"There is no model called {name!r} here. GET /v1/models lists those there are.",
                param="model",
            )
        if not caller.may_use(name):
            raise GatewayError(
                403,
                "model_not_allowed",
                f"This API key may not use {name!r}. Its allow-list is on the Keys page.",
                param="model",
            )
        return route

    def list_for(self, caller: Caller) -> Iterator[tuple[str, Route]]:
        """The names the caller may use; the team's own route hides a shared one of its name."""
        seen = {
            name: self.routes[team_id, name]
            for team_id, name in sorted(self.routes, key=lambda owner: owner[0] is not None)
            if team_id in (None, caller.team_id)
        }
        return ((name, seen[name]) for name in sorted(seen) if caller.may_use(name))


@dataclass(frozen=True, slots=True)
class Choice:
    endpoint: Endpoint
    target: Target


def pick(route: Route, tried: AbstractSet[str], now: float) -> Choice | None:
    """Where to send the next attempt, or None when nothing untried is left.

    Equal targets share by load: the least busy endpoint wins. Targets with different weights share
    by weight, and the least busy endpoint inside the drawn target wins. Endpoints that failed a
    moment ago are used only when there is no other. `now` is in monotonic seconds.
    """
    choices = [
        Choice(endpoint, target)
        for target in route.targets
        for endpoint in target.endpoints
        if endpoint.id not in tried
    ]
    if len(choices) > 1:
        choices = [c for c in choices if c.endpoint.load.avoid_until <= now] or choices
        choices = _drawn_by_weight(choices)
    if not choices:
        return None
    if len(choices) == 1:
        return choices[0]
    least = min(choice.endpoint.load.inflight for choice in choices)
    return random.choice([c for c in choices if c.endpoint.load.inflight == least])  # noqa: S311


def _drawn_by_weight(choices: list[Choice]) -> list[Choice]:
    targets = list({id(choice.target): choice.target for choice in choices}.values())
    weights = [target.weight for target in targets]
    if len(set(weights)) == 1:
        return choices
    drawn = random.choices(targets, weights)[0]  # noqa: S311
    return [choice for choice in choices if choice.target is drawn]


def wakeable(route: Route) -> list[ServedDeployment]:
    """The deployments that would load if somebody asked, none of which answers now."""
    return [
        target.deployment
        for target in route.targets
        if target.deployment is not None and target.deployment.on_demand and not target.endpoints
    ]


def fallback_for(route: Route, cause: Cause) -> str | None:
    """The name of the route to go on with after this kind of failure."""
    return next((step.to for step in route.fallbacks if cause in step.on), None)
