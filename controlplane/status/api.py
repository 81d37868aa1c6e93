"""The state of the whole over HTTP."""

from django.conf import settings
from ninja import Router

from apps.accounts.auth import CallerRequest, needs
from apps.core.permissions import Permission
from controlplane.status.parts import Status, read_status
from controlplane.status.schemas import StatusOut, TrialOut
from controlplane.status.trial import Trial, own_address, run_trial

router = Router()


@router.get("", response=StatusOut, auth=needs(Permission.VIEW), operation_id="get_status")
def get_status(request: CallerRequest) -> Status:
    return read_status(team=request.caller.team)


@router.post(
    "/test", response=TrialOut, auth=needs(Permission.CHAT), operation_id="test_every_layer"
)
def test_every_layer(request: CallerRequest) -> Trial:
    server = getattr(request, "scope", {}).get("server")
    return run_trial(
        caller=request.caller,
        base_url=own_address(server, public_url=settings.PUBLIC_URL),
    )
