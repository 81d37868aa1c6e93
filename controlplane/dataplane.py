"""The data plane as this process mounts it. Needs Django's settings and nothing else of Django."""

from pathlib import Path

from django.conf import settings
from prometheus_client import REGISTRY

from apps.core.secrets import decrypt, encrypt
from apps.gateway.dataplane.app import create_app
from apps.gateway.dataplane.config import GatewayConfig
from apps.gateway.dataplane.keys import derive_ticket_secret

_FOLDER = Path(settings.VAR_DIR) / "gateway"

gateway = create_app(
    GatewayConfig(
        redis_url=settings.REDIS_URL,
        decrypt=decrypt,
        encrypt=encrypt,
        ticket_secret=derive_ticket_secret(settings.SECRET_KEY),
        cache_file=_FOLDER / "snapshot.json",
        spool_dir=_FOLDER / "usage",
    )
)

REGISTRY.register(gateway)
