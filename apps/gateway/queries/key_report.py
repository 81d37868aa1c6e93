"""What a key can do now: its limits, the models it reaches, and why it was last turned away."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import redis

from apps.core.redis import get_redis
from apps.gateway.dataplane.keys import Caller, digest
from apps.gateway.dataplane.limits.counters import Refusal, read_refusal
from apps.gateway.dataplane.route_table import Route, RouteTable
from apps.gateway.models import ApiKey, UsageRecord
from apps.gateway.queries.holders import list_key_holders
from apps.gateway.queries.keys import add_use, key_state, key_state_reason
from apps.gateway.queries.limit_use import read_use
from apps.gateway.queries.request_reasons import why_request
from apps.gateway.queries.table import build_team_table

_NEARLY_PERCENT = 80.0
_SAME_SECONDS = 5.0  # a request's record has the time when it began, a note that of the refusal

logger = logging.getLogger(__name__)


def report_key(*, key: ApiKey, secret: str | None = None) -> dict[str, Any]:
    """In the shape of KeyReportOut. `secret` is the one that was shown, if one was."""
    add_use(team=key.team, keys=[key])
    table = build_team_table(team=key.team, key=key)
    holders = list_key_holders(key=key)
    limits = [entry for use in read_use(team=key.team, holders=holders) for entry in use]
    shown = _shown(key, secret)
    obstacle = _obstacle(key, shown, limits)
    return {
        "key": key,
        "secret": shown,
        "works": not obstacle,
        "sentence": obstacle or f"It works.{_warning(limits)}",
        "limits": limits,
        "models": list(_reached(table, table.keys[key.digest], key.team_id)),
        "last_refusal": _last_refusal(key),
    }


def _shown(key: ApiKey, secret: str | None) -> str | None:
    if secret is None:
        return None
    return "current" if digest(secret.strip()) == key.digest else "previous"


def _obstacle(key: ApiKey, shown: str | None, limits: list[dict[str, Any]]) -> str:
    """Why a request with it would be turned away now, or ""."""
    state = key_state(key)
    if state in ("revoked", "expired"):
        return key_state_reason(key)
    if shown == "previous" and state != "rotating":
        return "The key was rotated: this is its old secret, which no longer works."
    if not key.owner.is_active:
        return f"Its owner {key.owner.get_username()} is locked out."
    if "infer" not in key.scopes:
        return f"It is not for using models: its scope is {', '.join(key.scopes)}."
    for entry in limits:
        if entry["remaining"] <= 0:
            window = entry["window"].replace("_", " ")
            return f"The {window} of the {entry['level']} {entry['holder']} are used up."
    return ""


def _warning(limits: list[dict[str, Any]]) -> str:
    """What will be in the way before long, or ""."""
    tight = max(limits, key=lambda entry: entry["percent"], default=None)
    if tight is None or tight["percent"] < _NEARLY_PERCENT:
        return ""
    window = tight["window"].replace("_", " ")
    whose = f"the {tight['level']} {tight['holder']}"
    return f" {tight['percent']:.0f} % of the {window} of {whose} are used."


def _reached(table: RouteTable, caller: Caller, team_id: int) -> Iterator[dict[str, Any]]:
    """Every name the team has, and those on the key's list that nobody has."""
    names = {name for owner, name in table.routes if owner in (None, team_id)}
    for name in sorted(names | (caller.models or frozenset())):
        route = table.find(team_id, name)
        if route is None:
            yield _unknown(name)
            continue
        allowed = caller.may_use(name, route.name)
        answers, reason = _answers(route)
        yield {
            "name": name,
            "alias_of": None if route.name == name else route.name,
            "allowed": allowed,
            "answers": answers,
            "leaves_house": any(choice.endpoint.leaves_house for choice in route.choices),
            "reason": reason if allowed else _why_denied(caller, name, route.name),
        }


def _unknown(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "alias_of": None,
        "allowed": True,
        "answers": False,
        "leaves_house": False,
        "reason": "It is on the key's list, but nothing has this name.",
    }


def _why_denied(caller: Caller, name: str, route: str) -> str:
    if name in caller.denied_models:
        return "It is on the key's list of denied models."
    if route in caller.denied_models:
        return f"It is another name of {route}, which is on the key's list of denied models."
    return "It is not on the key's list of models."


def _answers(route: Route) -> tuple[bool, str]:
    if any(not choice.endpoint.problem for choice in route.choices):
        return True, ""
    if any(target.deployment and target.deployment.on_demand for target in route.targets):
        return True, "It is not loaded; the first request loads it."
    if route.choices:
        return True, f"Its server did not answer lately: {route.choices[0].endpoint.problem}"
    if route.withheld:
        return False, "It leads outside, and the route may not leave the house."
    if route.fallbacks:
        return True, "It falls back to another route."
    states = {target.deployment.state for target in route.targets if target.deployment}
    said = f" ({', '.join(sorted(states))})" if states else ""
    return False, f"No server answers behind it now{said}."


def _last_refusal(key: ApiKey) -> dict[str, Any] | None:
    """The newest request that the gateway has turned away, in its own words; what it does not
    remember is in the request log, if the key keeps one."""
    record = _refused_request(key)
    note = _noted_refusal(key)
    if note is not None and (record is None or note.at >= record.at.timestamp() - _SAME_SECONDS):
        return {
            "at": datetime.fromtimestamp(note.at, UTC),
            "request_id": note.request_id or None,
            "model": note.model,
            "status": note.status,
            "code": note.code,
            "reason": note.sentence,
        }
    if record is None:
        return None
    return {
        "at": record.at,
        "request_id": record.pk,
        "model": record.model,
        "status": record.status,
        "code": record.error,
        "reason": why_request(record=record)["cause"],
    }


def _refused_request(key: ApiKey) -> UsageRecord | None:
    refused = UsageRecord.objects.filter(key=key, status__in=(401, 403, 404, 413, 429))
    return refused.exclude(error="").filter(served_by="").order_by("-at").first()


def _noted_refusal(key: ApiKey) -> Refusal | None:
    try:
        return read_refusal(get_redis(), key.pk)
    except (redis.RedisError, msgspec.DecodeError) as problem:
        logger.warning("last refusal not read", extra={"error": str(problem)})
        return None
