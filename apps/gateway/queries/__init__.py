"""Every read about keys, upstreams, routes and usage, split by noun."""

from apps.gateway.queries.circuits import add_circuits, read_circuits
from apps.gateway.queries.decisions import explain_route
from apps.gateway.queries.holders import (
    NoticeEntry,
    find_notice_holder,
    get_holder,
    get_member,
    list_holders,
    list_notices,
    notice_text,
    read_notices_for_timeline,
)
from apps.gateway.queries.key_report import report_key
from apps.gateway.queries.keys import (
    KeyState,
    add_use,
    find_bearer,
    find_live_key,
    get_key,
    get_key_by_secret,
    get_key_owner,
    key_state,
    key_state_reason,
    key_state_since,
    list_keys,
    list_live_keys,
)
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
from apps.gateway.queries.route_state import RouteState, route_state
from apps.gateway.queries.routes import (
    compare_route_versions,
    get_route,
    get_route_version,
    list_all_routes,
    list_route_versions,
    list_routes,
    list_routes_through,
    route_document,
)
from apps.gateway.queries.table import build_snapshot
from apps.gateway.queries.upstreams import (
    UPSTREAM_PRESETS,
    find_upstream,
    get_upstream,
    list_all_upstreams,
    list_probes,
    list_upstreams,
    list_upstreams_in_use,
)
from apps.gateway.queries.usage import GroupBy, Interval, group_usage
from apps.gateway.queries.usage_page import usage_page
from apps.gateway.queries.usage_series import Step, usage_series
from apps.gateway.queries.usage_span import UsageSpan
from apps.gateway.queries.usage_way import look_at_usage_way

__all__ = [
    "UPSTREAM_PRESETS",
    "GroupBy",
    "Interval",
    "KeyState",
    "NoticeEntry",
    "RequestFilters",
    "RouteState",
    "Step",
    "UsageSpan",
    "add_circuits",
    "add_use",
    "build_snapshot",
    "compare_route_versions",
    "explain_route",
    "find_bearer",
    "find_live_key",
    "find_notice_holder",
    "find_upstream",
    "get_bodies",
    "get_holder",
    "get_key",
    "get_key_by_secret",
    "get_key_owner",
    "get_member",
    "get_request",
    "get_route",
    "get_route_version",
    "get_upstream",
    "group_usage",
    "has_bodies",
    "key_state",
    "key_state_reason",
    "key_state_since",
    "list_all_routes",
    "list_all_upstreams",
    "list_holders",
    "list_keys",
    "list_live_keys",
    "list_notices",
    "list_probes",
    "list_requests",
    "list_route_versions",
    "list_routes",
    "list_routes_through",
    "list_upstreams",
    "list_upstreams_in_use",
    "look_at_usage_way",
    "notice_text",
    "read_circuits",
    "read_notices_for_timeline",
    "report_key",
    "requests_after",
    "route_document",
    "route_state",
    "usage_page",
    "usage_series",
    "waterfall_of",
    "why_request",
]
