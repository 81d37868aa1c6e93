from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from apps.core.models import TimestampedModel
from apps.core.permissions import Role


class User(AbstractUser):
    """Someone who signs in to the console."""

    language = models.CharField(max_length=5, default="", blank=True)
    theme = models.CharField(max_length=5, default="auto", blank=True)


class Team(TimestampedModel):
    """Who owns a row. A single person lives in one default team and never notices it."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60, unique=True)

    def __str__(self) -> str:
        return self.slug


class Membership(TimestampedModel):
    """What one person may do in one team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="one_role_per_team"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} in {self.team}"


class PersonalToken(TimestampedModel):
    """A person's key to the REST API. Only its SHA-256 is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SignIn(TimestampedModel):
    """A browser in which a person is signed in; ends with its session."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.CharField(max_length=60, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.user} from {self.address}"


class AuditEntry(models.Model):
    """One thing somebody did or tried, chained to the one before so that a change shows.

    The database itself refuses to update or delete rows of this table.
    """

    at = models.DateTimeField(default=timezone.now)
    team_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    via = models.CharField(max_length=10, blank=True)  # session, token or nothing
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    subject_name = models.CharField(max_length=200, blank=True)
    result = models.CharField(max_length=10)  # done, refused or failed
    status = models.PositiveSmallIntegerField()
    address = models.CharField(max_length=60, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["team_id", "-id"], name="audit_by_team"),
            models.Index(fields=["subject", "subject_id", "-id"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.subject_id}: {self.result}"
