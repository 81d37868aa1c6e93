from django.db.models import QuerySet

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.gateway.models import Upstream


def list_upstreams(*, team: Team, search: str = "") -> QuerySet[Upstream]:
    upstreams = Upstream.objects.filter(team=team).prefetch_related("targets")
    return upstreams.filter(name__icontains=search) if search else upstreams


def get_upstream(*, team: Team, upstream_id: int) -> Upstream:
    """Raises NotFound."""
    upstream = list_upstreams(team=team).filter(pk=upstream_id).first()
    if upstream is None:
        raise NotFound(f"There is no upstream {upstream_id} in your team.")
    return upstream


def find_upstream(*, upstream_id: int) -> Upstream | None:
    """Whatever its team: for worker jobs."""
    return Upstream.objects.filter(pk=upstream_id).first()


def list_all_upstreams() -> QuerySet[Upstream]:
    """Every team's, for the gateway's table."""
    return Upstream.objects.order_by("pk")
