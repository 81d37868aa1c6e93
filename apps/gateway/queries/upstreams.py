from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.accounts.models import Team
from apps.core.errors import NotFound
from apps.gateway.models import RouteTarget, Upstream, UpstreamProbe

UPSTREAM_PRESETS: list[dict[str, Any]] = [
    {
        "kind": "openai",
        "label": "OpenAI-compatible server",
        "base_url": "https://api.openai.com/v1",
        "speaks": [],
        "hint": "vLLM, llama.cpp, SGLang, TGI, Ollama and most providers; the path is usually /v1.",
    },
    {
        "kind": "anthropic",
        "label": "Anthropic Messages",
        "base_url": "https://api.anthropic.com/v1",
        "speaks": ["messages"],
        "hint": "Servers that speak Messages; chat and responses are translated for it.",
    },
]


def list_upstreams(*, team: Team, search: str = "") -> QuerySet[Upstream]:
    targets = Prefetch("targets", queryset=RouteTarget.objects.select_related("route"))
    upstreams = Upstream.objects.filter(team=team).prefetch_related(targets)
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


def list_upstreams_in_use() -> list[Upstream]:
    """Those that a route leads to, whatever their team: for worker jobs."""
    return list(Upstream.objects.filter(targets__weight__gt=0).distinct().order_by("pk"))


def list_probes(*, upstream: Upstream) -> QuerySet[UpstreamProbe]:
    return UpstreamProbe.objects.filter(upstream=upstream)
