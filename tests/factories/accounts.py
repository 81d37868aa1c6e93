"""People and teams for tests."""

from itertools import count

from apps.accounts.models import Membership, Team, User
from apps.core.permissions import Role

PASSWORD = "correct horse battery"

_numbers = count(1)


def make_team(**given: object) -> Team:
    number = next(_numbers)
    return Team.objects.create(**{"name": f"Team {number}", "slug": f"team-{number}", **given})


def make_user(*, team: Team, role: str = Role.VIEWER, **given: object) -> User:
    user = User.objects.create_user(
        **{"username": f"{role}-{next(_numbers)}", "password": PASSWORD, **given}
    )
    Membership.objects.create(user=user, team=team, role=role)
    return user
