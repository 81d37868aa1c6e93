"""Which of a route's endpoints gets the next attempt. Pure apart from the gauges it reads."""

import math
import random
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from apps.gateway.dataplane.affinity import favourite, rank
from apps.gateway.dataplane.errors import Cause
from apps.gateway.dataplane.route_table import Choice, Endpoint, Route

_SLOTS_UNSAID = 4  # requests a server is taken to work on at once when nobody said
_OVERLOAD = 1.25  # times its share of the requests in flight: then a favourite yields


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of the place it goes to."""

    affinity: int | None = None  # 64 bits; equal for requests that belong together
    tokens: int = 0  # the prompt has at least so many
    inside: bool = False  # it must not leave the house

    def anywhere(self) -> "Wish":
        """The same without a favourite."""
        return replace(self, affinity=None)


ANY = Wish()


def pick(route: Route, tried: AbstractSet[str], now: float, wish: Wish = ANY) -> Choice | None:
    """Where to send the next attempt, or None when nothing is left. `now` in monotonic seconds.

    Equal targets share by load: the endpoint with the most room wins, relative to its slots.
    Targets with different weights share by weight, and the one with the most room inside the
    drawn target wins. With an affinity the same endpoint is picked for the same key, unless it has
    more than its share to do. Those that failed a moment ago come after all others.
    """
    choices = [
        each
        for each in route.choices
        if each.endpoint.load.blocked_until <= now
        and each.endpoint.id not in tried
        and not (wish is not ANY and _unfit(each.endpoint, wish))
    ]
    if len(choices) > 1:
        choices = [c for c in choices if not _is_doubtful(c.endpoint, now)] or choices
    if not choices:
        return None
    if len(choices) == 1:
        return choices[0]
    if wish.affinity is not None:
        return _favourite(choices, wish.affinity, even=route.even)
    return _with_most_room(choices if route.even else _drawn_by_weight(choices))


def _unfit(endpoint: Endpoint, wish: Wish) -> bool:
    limit = endpoint.context_length
    return (limit is not None and wish.tokens > limit) or (wish.inside and endpoint.leaves_house)


def _is_doubtful(endpoint: Endpoint, now: float) -> bool:
    """`problem` is what the control plane saw some time ago: a hint, and only that."""
    return endpoint.load.doubted_until > now or endpoint.problem != ""


def _busyness(endpoint: Endpoint) -> float:
    return endpoint.load.inflight / (endpoint.slots or _SLOTS_UNSAID)


def _with_most_room(choices: Sequence[Choice]) -> Choice:
    least = min(_busyness(each.endpoint) for each in choices)
    return random.choice([c for c in choices if _busyness(c.endpoint) == least])  # noqa: S311


def _drawn_by_weight(choices: list[Choice]) -> list[Choice]:
    targets = list({id(choice.target): choice.target for choice in choices}.values())
    drawn = random.choices(targets, [target.weight for target in targets])[0]  # noqa: S311
    return [choice for choice in choices if choice.target is drawn]


def _favourite(choices: Sequence[Choice], key: int, *, even: bool) -> Choice:
    """The first in the key's own order that has not more than its share to do already.

    A free slot is always enough. Without one, an endpoint may have a quarter more in flight than
    its share by slots of all that is in flight; there is always one that has less.
    """
    seeds = [each.endpoint.seed for each in choices]
    weights = [1.0 if even else each.target.each_weight for each in choices]
    first = favourite(key, choices, seeds, weights)
    slots, inflight = 0, 1
    for each in choices:
        slots += each.endpoint.slots or _SLOTS_UNSAID
        inflight += each.endpoint.load.inflight
    share = _OVERLOAD * inflight / slots
    if _has_room(first.endpoint, share):
        return first
    ranked = rank(key, choices, seeds, weights)
    return next(each for each in ranked if _has_room(each.endpoint, share))


def _has_room(endpoint: Endpoint, share: float) -> bool:
    slots = endpoint.slots or _SLOTS_UNSAID
    return endpoint.load.inflight < max(slots, math.ceil(share * slots))


def last_resort(route: Route, tried: AbstractSet[str], now: float, wish: Wish) -> Choice | None:
    """An endpoint that is passed over and may all the same be asked, when nobody else is left."""
    return next(
        (
            each
            for each in route.choices
            if each.endpoint.load.blocked_until > now
            and each.endpoint.id not in tried
            and each.endpoint.load.may_be_tried_anyway()
            and not (wish.inside and each.endpoint.leaves_house)
        ),
        None,
    )


def too_small(route: Route, tried: AbstractSet[str], now: float, wish: Wish) -> Choice | None:
    """An endpoint that was passed over for its context alone: it can say best what is too much."""
    return next(
        (
            each
            for each in route.choices
            if each.endpoint.id not in tried
            and each.endpoint.load.blocked_until <= now
            and not (wish.inside and each.endpoint.leaves_house)
        ),
        None,
    )


def why_not(endpoint: Endpoint, tried: AbstractSet[str], now: float, wish: Wish) -> str:
    """Why an endpoint is passed over, or "" when it is not: a few words for the trace."""
    if endpoint.id in tried:
        return "tried already"
    if wish.inside and endpoint.leaves_house:
        return "outside the house"
    blocked = endpoint.load.why_blocked(now)
    if blocked is not None:
        return f"{endpoint.load.state.replace('_', '-')} circuit after {blocked}"
    if endpoint.context_length is not None and wish.tokens > endpoint.context_length:
        return f"context of {endpoint.context_length} tokens is too small"
    if endpoint.problem:
        return f"doubtful: {endpoint.problem}"
    return "doubtful after a failure" if endpoint.load.doubted_until > now else ""


def why_none(route: Route, now: float, wish: Wish) -> Cause:
    """The cause to go on by when nothing of a route was tried: what stands in the way there."""
    for each in route.choices:
        if wish.inside and each.endpoint.leaves_house:
            continue
        blocked = each.endpoint.load.why_blocked(now)
        if blocked is not None:
            return blocked
        if _unfit(each.endpoint, wish):
            return "context"
    return "cold"
