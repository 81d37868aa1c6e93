"""What a client asks for, read as far as the gateway needs it: by the path it asks at."""

from apps.gateway.dataplane import form
from apps.gateway.dataplane.body import Head, read_head
from apps.gateway.dataplane.call import Call
from apps.gateway.dataplane.dialects.responses_request import refuse_state
from apps.gateway.dataplane.dialects.ways import FORMS
from apps.gateway.dataplane.errors import GatewayError

_RESPONSES = "/v1/responses"


def content_type(call: Call) -> bytes:
    return next((v for name, v in call.scope["headers"] if name == b"content-type"), b"")


def read_asked(call: Call) -> Head:
    """Raises GatewayError 400 for a body that cannot be passed on anywhere."""
    if call.path in FORMS:
        return form.read_head(call.body, content_type(call))
    head = read_head(call.body)
    if call.path == _RESPONSES:
        refuse_state(call.body)
    return head


def refuse_stored_responses(path: str) -> None:
    """Retrieve, cancel, delete, list the input of one: all that needs a response kept."""
    if path.startswith(_RESPONSES + "/"):
        raise GatewayError(
            400,
            "responses_not_stored",
            f"Responses are not stored here, so there is nothing at {path}. Only "
            f"POST {_RESPONSES} is served: keep what it answers.",
        )
