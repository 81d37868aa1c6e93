from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "apps.gateway"
    label = "gateway"
    verbose_name = "Gateway"

    def ready(self) -> None:
        """Tell the apps below what this one adds: keys to the API, notices to the timeline."""
        # Models can be imported only now.
        from apps.accounts.auth import accept_keys
        from apps.gateway.actions import open_key
        from apps.gateway.dataplane.keys import KEY_PREFIX
        from apps.gateway.queries import read_notices_for_timeline
        from apps.operations.queries.timeline import add_source

        accept_keys(prefix=KEY_PREFIX, opener=open_key)
        add_source(read_notices_for_timeline)
