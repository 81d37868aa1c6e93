from django.db.models import TextChoices

from apps.core.permissions import Permission
from apps.core.state_machine import ActionRule, StateMachine


class AIModelState(TextChoices):
    """pending --job--> downloading --job--> verifying --job--> ready

    pending --job--> verifying (the file is already here)
    every moving state --job--> failed --user retries--> downloading | verifying
    """

    PENDING = "pending"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    READY = "ready"
    FAILED = "failed"


AI_MODEL_STATES = StateMachine(
    initial=AIModelState.PENDING,
    transitions={
        AIModelState.PENDING: frozenset(
            {AIModelState.DOWNLOADING, AIModelState.VERIFYING, AIModelState.FAILED}
        ),
        AIModelState.DOWNLOADING: frozenset({AIModelState.VERIFYING, AIModelState.FAILED}),
        AIModelState.VERIFYING: frozenset(
            {AIModelState.READY, AIModelState.FAILED, AIModelState.DOWNLOADING}
        ),
        AIModelState.READY: frozenset({AIModelState.VERIFYING, AIModelState.FAILED}),
        AIModelState.FAILED: frozenset({AIModelState.DOWNLOADING, AIModelState.VERIFYING}),
    },
)

AI_MODEL_ACTIONS = {
    "deploy_model": ActionRule(
        permission=Permission.DEPLOY,
        states=frozenset(
            {
                AIModelState.READY,
                AIModelState.PENDING,
                AIModelState.DOWNLOADING,
                AIModelState.VERIFYING,
            }
        ),
        otherwise="The model's file is not here. Fetch it again first.",
    ),
    "verify_ai_model": ActionRule(
        permission=Permission.OPERATE,
        states=frozenset({AIModelState.READY}),
        otherwise="There is no complete file to verify.",
    ),
    "fetch_ai_model": ActionRule(
        permission=Permission.DEPLOY,
        states=frozenset({AIModelState.FAILED}),
        otherwise="Only a model whose file is missing or wrong is fetched again.",
    ),
    "delete_ai_model": ActionRule(
        permission=Permission.DEPLOY,
        states=frozenset({AIModelState.READY, AIModelState.FAILED, AIModelState.PENDING}),
        otherwise="Cancel the operation that works on it first.",
    ),
}
