"""Every write about keys, upstreams, routes and usage, split by noun."""

from apps.gateway.actions.bearers import open_key
from apps.gateway.actions.keys import (
    change_key,
    issue_key,
    issue_ticket,
    key_columns,
    revoke_key,
    rotate_key,
)
from apps.gateway.actions.limits import record_notices, set_holder_limits
from apps.gateway.actions.publishing import publish_routes, repair_published_routes
from apps.gateway.actions.routes import (
    WantedRoute,
    WantedTarget,
    create_route,
    delete_route,
    revert_route,
    update_route,
)
from apps.gateway.actions.upstreams import (
    PROBE_UPSTREAM,
    add_upstream,
    change_upstream,
    forget_old_probes,
    note_probe,
    probe_upstream,
    remove_upstream,
)
from apps.gateway.actions.usage import record_bodies, record_usage
from apps.gateway.actions.usage_keeping import (
    drop_old_usage,
    find_wrong_days,
    find_wrong_hours,
    forget_dead_spools,
    make_usage_room,
    mend_sums,
    rebuild_days,
    rebuild_hours,
)

__all__ = [
    "PROBE_UPSTREAM",
    "WantedRoute",
    "WantedTarget",
    "add_upstream",
    "change_key",
    "change_upstream",
    "create_route",
    "delete_route",
    "drop_old_usage",
    "find_wrong_days",
    "find_wrong_hours",
    "forget_dead_spools",
    "forget_old_probes",
    "issue_key",
    "issue_ticket",
    "key_columns",
    "make_usage_room",
    "mend_sums",
    "note_probe",
    "open_key",
    "probe_upstream",
    "publish_routes",
    "rebuild_days",
    "rebuild_hours",
    "record_bodies",
    "record_notices",
    "record_usage",
    "remove_upstream",
    "repair_published_routes",
    "revert_route",
    "revoke_key",
    "rotate_key",
    "set_holder_limits",
    "update_route",
]
