"""What the gateway would do with a request now, and why: its own table, read aloud."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.gateway.dataplane.circuits import CircuitReport
from apps.gateway.dataplane.picking import Wish, why_not
from apps.gateway.dataplane.route_table import Choice, Endpoint, RouteTable, Target
from apps.gateway.dataplane.route_table import Route as ServedRoute
from apps.gateway.models import ApiKey, Route, RouteTarget
from apps.gateway.queries.circuits import read_circuits
from apps.gateway.queries.routes import list_routes
from apps.gateway.queries.table import build_team_table

Circuits = Mapping[str, CircuitReport]


@dataclass
class Candidate:
    """One place a request could go to, in the shape of CandidateOut. `doubtful` ones come after
    the others; those of one `group` are the places of one target."""

    target: str
    kind: str
    reasons: list[str]
    endpoint: str | None = None
    node: str = ""
    model: str | None = None
    weight: float = 0.0
    share: float = 0.0
    leaves_house: bool = False
    context_length: int | None = None
    usable: bool = False
    doubtful: bool = False
    group: int = 0


def explain_route(
    *, route: Route, key: ApiKey | None = None, tokens: int | None = None
) -> dict[str, Any]:
    """In the shape of RouteDecisionOut, for a request of `key` that fills `tokens` tokens."""
    table = build_team_table(team=route.team, key=key)
    circuits = {report.endpoint: report for report in reversed(read_circuits())}
    refusal = _refusal(table, key, route.name)
    rows = {row.name: row for row in list_routes(team=route.team)}
    wish = Wish(tokens=tokens or 0, inside=not route.may_leave_house)
    steps = [
        {
            "route": name,
            "on": on,
            "after": after,
            **_weighed(table.find(route.team_id, name), rows.get(name), wish, circuits),
        }
        for name, on, after in _order(table, route)
    ]
    usable = [one for step in steps for one in step["candidates"] if one.usable]
    return {
        "route": route.name,
        "version": route.version,
        "allowed": not refusal,
        "sentence": refusal or _sentence(route, steps, usable),
        "steps": steps,
    }


def _refusal(table: RouteTable, key: ApiKey | None, name: str) -> str:
    if key is None:
        return ""
    caller = table.keys[key.digest]
    if not caller.may_use(name):
        return f"The key {key.name} may not use {name}: see its lists of models."
    if "infer" not in caller.scopes:
        return f"The key {key.name} is not for using models: it lacks the scope infer."
    return ""


def _sentence(route: Route, steps: Sequence[dict[str, Any]], usable: Sequence[Candidate]) -> str:
    if not usable:
        return f"Nothing would answer a request for {route.name} now."
    first = usable[0]
    where = first.endpoint or first.target
    at_first = any(one.usable for one in steps[0]["candidates"])
    how = "" if at_first else " after falling back"
    others = len(usable) - 1
    more = f", with {others} more to try" if others else ", and nowhere else"
    return f"A request for {route.name} would go to {where}{how}{more}."


def _order(table: RouteTable, route: Route) -> Iterator[tuple[str, list[str], str | None]]:
    """The route and all it may fall back to, as (name, causes, from which), nearest first."""
    waiting: deque[tuple[str, list[str], str | None]] = deque([(route.name, [], None)])
    seen = {route.name}
    while waiting:
        name, on, after = waiting.popleft()
        yield name, on, after
        served = table.find(route.team_id, name)
        for step in served.fallbacks if served else ():
            if step.to not in seen:
                seen.add(step.to)
                waiting.append((step.to, sorted(step.on), name))


def _weighed(
    served: ServedRoute | None, row: Route | None, wish: Wish, circuits: Circuits
) -> dict[str, Any]:
    if served is None:
        return {"candidates": [], "outcome": "There is nothing of this name any more."}
    candidates = [
        *_candidates(served, wish, circuits),
        *(_unweighted(target) for target in _without_weight(row)),
    ]
    _share_out(candidates)
    usable = sum(one.usable for one in candidates)
    said = f"{usable} of {len(candidates)} can take it." if usable else "Nothing here can take it."
    return {"candidates": candidates, "outcome": said}


def _without_weight(row: Route | None) -> Iterator[RouteTarget]:
    if row is not None:
        yield from (target for target in row.targets.all() if target.weight == 0)


def _unweighted(target: RouteTarget) -> Candidate:
    place = target.upstream or target.deployment
    return Candidate(
        target=str(place.name if place else ""),
        kind="deployment" if target.upstream is None else "upstream",
        model=target.model or None,
        leaves_house=target.upstream is not None and target.upstream.leaves_house,
        reasons=["Its weight is 0, so it gets no requests."],
    )


def _candidates(served: ServedRoute, wish: Wish, circuits: Circuits) -> Iterator[Candidate]:
    choices = {(id(each.target), each.endpoint.id): each for each in served.choices}
    for target in served.targets:
        for endpoint in target.endpoints:
            one = _candidate(target, endpoint, choices.get((id(target), endpoint.id)), wish)
            _add_circuit(one, circuits.get(endpoint.id))
            yield one
        if not target.endpoints:
            yield _silent(target)


def _candidate(target: Target, endpoint: Endpoint, choice: Choice | None, wish: Wish) -> Candidate:
    one = Candidate(
        target=endpoint.name if target.deployment is None else target.deployment.name,
        endpoint=endpoint.name,
        kind="upstream" if target.deployment is None else "deployment",
        node=endpoint.node,
        model=target.model if choice is None else choice.model,
        weight=target.weight,
        leaves_house=endpoint.leaves_house,
        context_length=endpoint.context_length,
        usable=choice is not None,
        group=id(target),
        reasons=[f"Its weight is {target.weight:g}."],
    )
    if choice is None:
        one.reasons = ["It is outside, and this route may not leave the house."]
    else:
        _add_doubt(one, why_not(endpoint, frozenset(), 0.0, wish))
    if endpoint.leaves_house:
        one.reasons.append("Data leaves the house.")
    return one


def _add_doubt(one: Candidate, against: str) -> None:
    """What speaks against it, in the data plane's words; "" when nothing does."""
    if not against:
        return
    one.reasons.append(f"{against[0].upper()}{against[1:].rstrip('.')}.")
    one.doubtful = against.startswith("doubtful")
    one.usable = one.doubtful
    if one.doubtful:
        one.reasons.append("It is asked after those without doubt.")


def _add_circuit(one: Candidate, report: CircuitReport | None) -> None:
    """What a gateway process has found out by sending requests there."""
    if report is None or not one.usable:
        return
    since = datetime.fromtimestamp(report.since, UTC)
    if report.state == "open":
        one.usable = False
        one.reasons.append(
            f"Passed over since {since:%H:%M:%S} UTC: it {report.reason.rstrip('.')}."
        )
    else:
        one.doubtful = True
        one.reasons.append("It answers again; one request at a time finds out how well.")


def _silent(target: Target) -> Candidate:
    """A target with nowhere to send a request to now."""
    deployment = target.deployment
    if deployment is None:
        reason = "Its address or key cannot be used: look at the upstream."
    elif deployment.on_demand:
        reason = "It is not loaded; a request loads it and waits for it."
    else:
        why = deployment.state_reason or f"it is {deployment.state}"
        reason = f"No replica answers: {why.rstrip('.')}."
    return Candidate(
        target="" if deployment is None else deployment.name,
        kind="upstream" if deployment is None else "deployment",
        model=target.model,
        weight=target.weight,
        usable=deployment is not None and deployment.on_demand,
        reasons=[reason],
    )


def _share_out(candidates: list[Candidate]) -> None:
    """Set each one's part of the first choices: by weight, and within a target evenly."""
    ready = [one for one in candidates if one.usable and one.endpoint is not None]
    certain = [one for one in ready if not one.doubtful] or ready
    if len({one.weight for one in candidates if one.weight}) <= 1:
        for one in certain:
            one.share = round(100 / len(certain), 1)
        return
    targets: dict[int, list[Candidate]] = {}
    for one in certain:
        targets.setdefault(one.group, []).append(one)
    whole = sum(ones[0].weight for ones in targets.values())
    for ones in targets.values():
        for one in ones:
            one.share = round(100 * one.weight / whole / len(ones), 1)
