"""Every read about operations."""

from apps.operations.queries.explaining import explain_operation
from apps.operations.queries.operations import (
    find_exclusive_operation,
    find_next_step,
    find_operation,
    get_operation,
    is_lease_expired,
    list_held,
    list_log_lines,
    list_lost_operations,
    list_operations,
    list_overdue_operations,
    list_running_operations,
    list_steps,
    list_unsent_operations,
    list_unsettled_operations,
    list_waiting_operations,
    lock_operation,
    render_log,
)
from apps.operations.queries.timeline import read_timeline

__all__ = [
    "explain_operation",
    "find_exclusive_operation",
    "find_next_step",
    "find_operation",
    "get_operation",
    "is_lease_expired",
    "list_held",
    "list_log_lines",
    "list_lost_operations",
    "list_operations",
    "list_overdue_operations",
    "list_running_operations",
    "list_steps",
    "list_unsent_operations",
    "list_unsettled_operations",
    "list_waiting_operations",
    "lock_operation",
    "read_timeline",
    "render_log",
]
