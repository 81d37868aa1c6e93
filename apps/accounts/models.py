from django.contrib.auth.models import AbstractUser
from django.db import models

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
