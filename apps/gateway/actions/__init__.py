"""Every write about keys, upstreams, routes and usage, split by noun."""

from apps.gateway.actions.keys import issue_key, issue_ticket, revoke_key
from apps.gateway.actions.publishing import publish_routes, repair_published_routes
from apps.gateway.actions.routes import WantedTarget, create_route, delete_route
from apps.gateway.actions.upstreams import (
    PROBE_UPSTREAM,
    add_upstream,
    note_probe,
    probe_upstream,
    remove_upstream,
)
from apps.gateway.actions.usage import record_usage

__all__ = [
    "PROBE_UPSTREAM",
    "WantedTarget",
    "add_upstream",
    "create_route",
    "delete_route",
    "issue_key",
    "issue_ticket",
    "note_probe",
    "probe_upstream",
    "publish_routes",
    "record_usage",
    "remove_upstream",
    "repair_published_routes",
    "revoke_key",
]
