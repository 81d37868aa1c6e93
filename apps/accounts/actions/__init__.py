"""Every write about people, teams, tokens, sessions and what they did."""

from apps.accounts.actions.audit import record_audit_entry
from apps.accounts.actions.people import (
    change_password,
    change_person,
    change_profile,
    create_person,
    create_team,
)
from apps.accounts.actions.sessions import (
    end_session,
    end_sessions,
    move_sign_in,
    note_sign_in,
    note_sign_in_failure,
    sign_in_allowed,
)
from apps.accounts.actions.tokens import issue_token, note_token_use, revoke_token

__all__ = [
    "change_password",
    "change_person",
    "change_profile",
    "create_person",
    "create_team",
    "end_session",
    "end_sessions",
    "issue_token",
    "move_sign_in",
    "note_sign_in",
    "note_sign_in_failure",
    "note_token_use",
    "record_audit_entry",
    "revoke_token",
    "sign_in_allowed",
]
