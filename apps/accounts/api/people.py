"""The people of a team, and teams."""

from typing import Any

from ninja import Query, Router, Status

from apps.accounts import actions, queries
from apps.accounts.auth import CallerRequest, needs
from apps.accounts.models import Membership, Team
from apps.accounts.schemas import (
    PersonChangeIn,
    PersonIn,
    PersonOut,
    TeamIn,
    TeamMembershipOut,
    TeamOut,
)
from apps.core.pagination import paginate
from apps.core.permissions import Permission
from apps.core.schemas import LimitsIn, Page

users_router = Router()
teams_router = Router()


@users_router.get(
    "",
    response=Page[PersonOut],
    operation_id="list_users",
    auth=needs(Permission.MANAGE_PEOPLE),
)
def list_users(request: CallerRequest, asked: Query[LimitsIn]) -> dict[str, Any]:
    rows = queries.list_people(team=request.caller.team)
    return paginate(rows, limit=asked.limit, cursor=asked.cursor)


@users_router.post(
    "",
    response={201: PersonOut},
    operation_id="create_user",
    auth=needs(Permission.MANAGE_PEOPLE),
)
def create_user(request: CallerRequest, asked: PersonIn) -> Status[Membership]:
    team = request.caller.team
    user = actions.create_person(team=team, **asked.dict())
    return Status(201, queries.get_person(team=team, user_id=user.pk))


@users_router.patch(
    "/{int:user_id}",
    response=PersonOut,
    operation_id="change_user",
    auth=needs(Permission.MANAGE_PEOPLE),
)
def change_user(request: CallerRequest, user_id: int, asked: PersonChangeIn) -> Membership:
    team = request.caller.team
    person = queries.get_person(team=team, user_id=user_id)
    actions.change_person(user=person.user, team=team, **asked.dict())
    return queries.get_person(team=team, user_id=user_id)


@teams_router.get(
    "",
    response=Page[TeamMembershipOut],
    operation_id="list_teams",
    auth=needs(Permission.VIEW),
)
def list_teams(request: CallerRequest, asked: Query[LimitsIn]) -> dict[str, Any]:
    rows = queries.list_teams(user=request.caller.user)
    return paginate(rows, limit=asked.limit, cursor=asked.cursor)


@teams_router.post(
    "",
    response={201: TeamOut},
    operation_id="create_team",
    auth=needs(Permission.MANAGE_PEOPLE),
)
def create_team(request: CallerRequest, asked: TeamIn) -> Status[Team]:
    return Status(201, actions.create_team(admin=request.caller.user, **asked.dict()))
