"""Writes about people and teams."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.accounts.actions.sessions import end_sessions
from apps.accounts.models import Membership, Team, User
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.core.permissions import Role


@transaction.atomic
def create_person(*, username: str, password: str, team: Team, role: str = Role.VIEWER) -> User:
    """Raises Conflict for a name that is taken, Invalid for a password that is too weak."""
    _require_good_password(password, user=User(username=username))
    _require_role(role)
    try:
        with transaction.atomic():
            user = User.objects.create_user(username=username, password=password)
    except IntegrityError:
        raise Conflict(
            f"Somebody is called {username} already.", fix="Choose another name."
        ) from None
    Membership.objects.create(user=user, team=team, role=role)
    publish(subject="user", subject_id=str(user.pk), change="created", team_id=team.pk)
    return user


@transaction.atomic
def change_person(
    *, user: User, team: Team, role: str | None = None, is_active: bool | None = None
) -> User:
    """Change what somebody may do in a team, or lock them out. One admin always remains."""
    if role is not None:
        _require_role(role)
        Membership.objects.filter(user=user, team=team).update(role=role)
    if is_active is not None:
        user.is_active = is_active
        user.save(update_fields=["is_active"])
        if not is_active:
            end_sessions(user=user)
    admins = Membership.objects.select_for_update().filter(
        team=team, role=Role.ADMIN, user__is_active=True
    )
    if not admins.exists():
        raise Conflict(
            f"{team.name} would be left without an admin.", fix="Make somebody else admin first."
        )
    publish(subject="user", subject_id=str(user.pk), change="updated", team_id=team.pk)
    return user


def change_profile(*, user: User, changes: dict[str, str]) -> User:
    """`changes` may hold language, theme, first_name, last_name and email."""
    for field, value in changes.items():
        setattr(user, field, value)
    user.save(update_fields=list(changes))
    return user


@transaction.atomic
def change_password(*, user: User, current: str, new: str, keep_session: str | None = None) -> None:
    """Set a new password and sign the person out everywhere but in `keep_session`."""
    if not user.check_password(current):
        raise Invalid("The current password is not right.", fix="Type it again.")
    _require_good_password(new, user=user)
    user.set_password(new)
    user.save(update_fields=["password"])
    end_sessions(user=user, but=keep_session)


@transaction.atomic
def create_team(*, name: str, slug: str, admin: User | None = None) -> Team:
    """Raises Conflict when the short name is taken."""
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name, slug=slug)
    except IntegrityError:
        raise Conflict(
            f"There is a team {slug} already.", fix="Choose another short name."
        ) from None
    if admin is not None:
        Membership.objects.create(user=admin, team=team, role=Role.ADMIN)
    publish(subject="team", subject_id=str(team.pk), change="created", team_id=team.pk)
    return team


def _require_good_password(password: str, *, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), fix="Choose a longer or rarer one.") from None


def _require_role(role: str) -> None:
    if role not in Role.values:
        raise Invalid(f"There is no role {role}.", fix=f"Choose one of: {', '.join(Role.values)}.")
