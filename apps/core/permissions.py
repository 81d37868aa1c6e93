"""Who may do what, as data: permissions, and the roles that carry them."""

from collections.abc import Mapping

from django.db.models import TextChoices


class Permission(TextChoices):
    VIEW = "view", "see nodes, models, deployments and operations"
    CHAT = "chat", "use the models"
    USE_OWN_KEYS = "use_own_keys", "make and revoke own keys"
    OPERATE = "operate", "stop, start, restart, cancel and retry"
    DEPLOY = "deploy", "add AI models and deploy them"
    MANAGE_NODES = "manage_nodes", "add, provision and retire machines"
    MANAGE_GATEWAY = "manage_gateway", "manage everybody's keys, routes and upstreams"
    VIEW_USAGE = "view_usage", "see everybody's usage and requests"
    READ_BODIES = "read_bodies", "read what others asked and were answered, where a key keeps it"
    VIEW_AUDIT = "view_audit", "read the audit log"
    MANAGE_PEOPLE = "manage_people", "manage people, roles and teams"
    MANAGE_SETTINGS = "manage_settings", "change settings"


class Role(TextChoices):
    """What a person may do in one team."""

    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    DEPLOYER = "deployer", "Deployer"
    AUDITOR = "auditor", "Auditor"
    ADMIN = "admin", "Admin"


_EVERYBODY = frozenset({Permission.VIEW, Permission.CHAT, Permission.USE_OWN_KEYS})

ROLE_PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    Role.VIEWER: _EVERYBODY,
    Role.OPERATOR: _EVERYBODY | {Permission.OPERATE, Permission.VIEW_USAGE},
    Role.DEPLOYER: _EVERYBODY
    | {
        Permission.OPERATE,
        Permission.VIEW_USAGE,
        Permission.DEPLOY,
        Permission.MANAGE_GATEWAY,
    },
    # An auditor reads everything and uses nothing.
    Role.AUDITOR: frozenset({Permission.VIEW, Permission.VIEW_USAGE, Permission.VIEW_AUDIT}),
    Role.ADMIN: frozenset(Permission),
}


def roles_with(permission: Permission) -> list[str]:
    """The names of the roles that carry a permission, for a refusal that says who may."""
    return [Role(role).label for role in Role if permission in ROLE_PERMISSIONS[role]]
