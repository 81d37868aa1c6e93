"""Which upstreams serve which name, and who may use it. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from apps.gateway.dataplane.affinity import seed_of
from apps.gateway.dataplane.errors import Cause, GatewayError
from apps.gateway.dataplane.health import Load
from apps.gateway.dataplane.keys import Caller
from apps.gateway.dataplane.snapshot import Affinity, HolderEntry, Spoken


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream listens. `path` goes before `/chat/completions`; usually `/v1`."""

    secure: bool
    host: str
    port: int
    path: str

    authority: bytes = field(init=False, compare=False, default=b"")  # what `host` says
    post: bytes = field(init=False, compare=False, default=b"")  # how a request there begins

    def __post_init__(self) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.secure else 80)
        object.__setattr__(self, "authority", (host if usual else f"{host}:{self.port}").encode())
        object.__setattr__(self, "post", b"POST " + self.path.encode())


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
    seed: int = field(init=False, compare=False, default=0)  # its part in rankings by affinity

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", seed_of(self.id))

    @property
    def has_free_slot(self) -> bool:
        return self.slots is None or self.load.inflight < self.slots


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
    model: str | None = None  # the name to ask the upstream for; None: the name of the route
    deployment: ServedDeployment | None = None

    @property
    def each_weight(self) -> float:
        """The part of its weight that one endpoint has."""
        return self.weight / len(self.endpoints)


@dataclass(frozen=True, slots=True)
class Choice:
    """One place a request may go to, and what is asked of it there."""

    endpoint: Endpoint
    target: Target
    model: str  # by the name this upstream knows it


@dataclass(frozen=True, slots=True)
class Fallback:
    on: frozenset[Cause]
    to: str


@dataclass(frozen=True, slots=True)
class Route:
    """A public model name. `team_id` None: every team sees it.

    What leaves the house without the route's permission is not among the choices.
    """

    name: str
    team_id: int | None
    targets: tuple[Target, ...]
    fallbacks: tuple[Fallback, ...] = ()
    created: int = 0  # unix seconds, for /v1/models
    aliases: tuple[str, ...] = ()
    affinity: Affinity = "none"
    may_leave_house: bool = False
    max_output_tokens: int | None = None
    choices: tuple[Choice, ...] = field(init=False, compare=False, default=())
    withheld: tuple[Endpoint, ...] = field(init=False, compare=False, default=())
    fallback_on: Mapping[Cause, str] = field(init=False, compare=False, default_factory=dict)
    even: bool = field(init=False, compare=False, default=True)  # all weights are the same
    least_context: float = field(init=False, compare=False, default=math.inf)  # tokens

    def __post_init__(self) -> None:
        everywhere = [
            Choice(endpoint, target, target.model or self.name)
            for target in self.targets
            for endpoint in target.endpoints
        ]
        allowed = [
            each for each in everywhere if self.may_leave_house or not each.endpoint.leaves_house
        ]
        known = [each.endpoint.context_length for each in allowed if each.endpoint.context_length]
        for name, value in (
            ("choices", tuple(allowed)),
            ("fallback_on", {c: step.to for step in reversed(self.fallbacks) for c in step.on}),
            ("withheld", tuple(c.endpoint for c in everywhere if c not in allowed)),
            ("even", len({target.weight for target in self.targets}) <= 1),
            ("least_context", min(known, default=math.inf)),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Everything a request is decided by: an immutable picture with a version."""

    version: int = 0
    keys: Mapping[str, Caller] = field(default_factory=dict)
    routes: Mapping[tuple[int | None, str], Route] = field(default_factory=dict)  # and by alias
    holders: Mapping[tuple[str, int, int], HolderEntry] = field(default_factory=dict)
    places: Mapping[str, Endpoint] = field(default_factory=dict)  # by id

    def endpoints(self) -> Iterable[Endpoint]:
        """Every endpoint there is, whether a route leads there or not."""
        return self.places.values()

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
        if not caller.may_use(name, route.name):
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
        return (
            (name, seen[name]) for name in sorted(seen) if caller.may_use(name, seen[name].name)
        )


def wakeable(route: Route) -> list[ServedDeployment]:
    """The deployments that would load if somebody asked, none of which answers now."""
    return [
        target.deployment
        for target in route.targets
        if target.deployment is not None and target.deployment.on_demand and not target.endpoints
    ]


def fallback_for(route: Route, cause: Cause) -> str | None:
    """The name of the route to go on with after this kind of failure."""
    return route.fallback_on.get(cause)
