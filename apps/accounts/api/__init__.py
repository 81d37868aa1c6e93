"""People over HTTP, one router per noun."""

from apps.accounts.api.audit import router as audit_router
from apps.accounts.api.people import teams_router, users_router
from apps.accounts.api.profile import router as profile_router
from apps.accounts.api.session import router as session_router

__all__ = ["audit_router", "profile_router", "session_router", "teams_router", "users_router"]
