"""Every request that may change something leaves a row in the audit log: here, and only here."""

import inspect
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja.operation import Operation

from apps.accounts import actions, queries
from apps.accounts.auth import Caller, address_of
from apps.accounts.models import User

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What an operation is about where its verb does not end in it.
SUBJECTS_OF = {"sign_in": "session", "sign_out": "session"}
LARGEST_ANSWER_READ = 64 * 1024  # bytes; a longer one is not searched for an id

logger = logging.getLogger(__name__)

Run = Callable[..., Any]


def audited(run: Run) -> Run:
    """Wrap one API operation, from before its authentication to after its answer."""
    operation: Operation = inspect.unwrap(run).__self__

    if iscoroutinefunction(run):

        @wraps(run)
        async def asynchronous(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = await run(request, **kwargs)
            await sync_to_async(_record)(operation, request, kwargs, response)
            return response

        return asynchronous

    @wraps(run)
    def synchronous(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = run(request, **kwargs)
        _record(operation, request, kwargs, response)
        return response

    return synchronous


def _record(
    operation: Operation, request: HttpRequest, kwargs: dict[str, Any], response: HttpResponseBase
) -> None:
    if request.method in SAFE_METHODS:
        return
    subject, subject_id, subject_name = _subject(operation, kwargs, response)
    try:
        actions.record_audit_entry(
            **_actor(request),
            action=operation.operation_id or operation.view_func.__name__,
            subject=subject,
            subject_id=subject_id,
            subject_name=subject_name,
            result=_result(response.status_code),
            status=response.status_code,
            address=address_of(request),
            request_id=getattr(request, "request_id", ""),
        )
    except DatabaseError:
        # The work itself is committed; an error now would tell the caller that it is not.
        logger.exception("audit entry not written", extra={"action": operation.operation_id})


def _actor(request: HttpRequest) -> dict[str, Any]:
    caller: Caller | None = getattr(request, "caller", None)
    if caller is not None:
        return {
            "team_id": caller.team.pk,
            "actor_id": caller.user.pk,
            "actor_name": caller.user.username,
            "via": caller.via,
        }
    person: User | None = getattr(request, "signing_in", None)
    if person is None:
        return {"team_id": None, "actor_id": None, "actor_name": "", "via": ""}
    membership = queries.list_teams(user=person).order_by("pk").first()
    return {
        "team_id": membership.team_id if membership else None,
        "actor_id": person.pk,
        "actor_name": person.username,
        "via": "session",
    }


def _subject(
    operation: Operation, kwargs: dict[str, Any], response: HttpResponseBase
) -> tuple[str, str, str]:
    """What the request was about: type, id, name. From the address, else from the answer."""
    answer = _answer(response)
    name = str(answer.get("subject_name") or answer.get("name") or "")[:200]
    for parameter, value in kwargs.items():
        if parameter.endswith("_id"):
            return parameter.removesuffix("_id"), str(value)[:64], name
    verb = operation.operation_id or ""
    noun = SUBJECTS_OF.get(verb) or verb.split("_", 1)[-1]
    subject = str(answer.get("subject_type") or noun)[:40]
    return subject, str(answer.get("subject_id") or answer.get("id") or "")[:64], name


def _answer(response: HttpResponseBase) -> dict[str, Any]:
    content: bytes = getattr(response, "content", b"")
    if response.status_code >= 300 or not content or len(content) > LARGEST_ANSWER_READ:
        return {}
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _result(status: int) -> str:
    if status >= 500:
        return "failed"
    return "refused" if status >= 400 else "done"
