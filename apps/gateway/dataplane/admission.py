"""May this request be served now? What its limits say before anything is sent anywhere."""

from apps.gateway.dataplane.call import Call


async def admit(call: Call) -> None:
    """Reserve what the call may use, or raise GatewayError 429 saying which limit refuses."""
    if not call.caller.limits:
        return
