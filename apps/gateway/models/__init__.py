"""The tables of this app. Django looks for them here."""

from apps.gateway.models.keys import ApiKey, HolderLimits, LimitNotice, default_scopes
from apps.gateway.models.routes import Route, RouteTarget, RouteVersion, Upstream, UpstreamProbe
from apps.gateway.models.usage import (
    RequestBodies,
    UnloggedRequest,
    UsageDay,
    UsageDayLatency,
    UsageHour,
    UsageLatency,
    UsageRecord,
)

__all__ = [
    "ApiKey",
    "HolderLimits",
    "LimitNotice",
    "RequestBodies",
    "Route",
    "RouteTarget",
    "RouteVersion",
    "UnloggedRequest",
    "Upstream",
    "UpstreamProbe",
    "UsageDay",
    "UsageDayLatency",
    "UsageHour",
    "UsageLatency",
    "UsageRecord",
    "default_scopes",
]
