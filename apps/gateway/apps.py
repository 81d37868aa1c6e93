from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "apps.gateway"
    label = "gateway"
    verbose_name = "Gateway"

    def ready(self) -> None:
        """API keys are bearer secrets of the REST API as well."""
        # Models can be imported only now.
        from apps.accounts.auth import accept_keys
        from apps.gateway.actions import open_key
        from apps.gateway.dataplane.keys import KEY_PREFIX

        accept_keys(prefix=KEY_PREFIX, opener=open_key)
