"""Every read about keys, upstreams, routes and usage, split by noun."""

from apps.gateway.queries.keys import find_live_key, get_key, list_keys, list_live_keys
from apps.gateway.queries.request_reasons import why_request
from apps.gateway.queries.requests import (
    RequestFilters,
    get_bodies,
    get_request,
    has_bodies,
    list_requests,
    requests_after,
    waterfall_of,
)
from apps.gateway.queries.routes import (
    get_route,
    list_all_routes,
    list_routes,
    list_routes_through,
)
from apps.gateway.queries.table import build_snapshot
from apps.gateway.queries.upstreams import (
    find_upstream,
    get_upstream,
    list_all_upstreams,
    list_upstreams,
)
from apps.gateway.queries.usage import GroupBy, Interval, UsageSpan, group_usage
from apps.gateway.queries.usage_page import usage_page
from apps.gateway.queries.usage_series import Step, usage_series

__all__ = [
    "GroupBy",
    "Interval",
    "RequestFilters",
    "Step",
    "UsageSpan",
    "build_snapshot",
    "find_live_key",
    "find_upstream",
    "get_bodies",
    "get_key",
    "get_request",
    "get_route",
    "get_upstream",
    "group_usage",
    "has_bodies",
    "list_all_routes",
    "list_all_upstreams",
    "list_keys",
    "list_live_keys",
    "list_requests",
    "list_routes",
    "list_routes_through",
    "list_upstreams",
    "requests_after",
    "usage_page",
    "usage_series",
    "waterfall_of",
    "why_request",
]
