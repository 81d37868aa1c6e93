from django.db import models

from apps.core.models import StatefulModel, TeamOwnedModel
from apps.models.states.ai_models import AI_MODEL_ACTIONS, AI_MODEL_STATES, AIModelState


class AIModel(TeamOwnedModel, StatefulModel):
    """Something that can be served: one verified file in the content-addressed store."""

    STATES = AI_MODEL_STATES
    ACTIONS = AI_MODEL_ACTIONS
    SUBJECT = "ai_model"

    name = models.CharField(max_length=200)
    catalogue_name = models.CharField(max_length=200, blank=True)
    catalogue_version = models.CharField(max_length=40, blank=True)
    task = models.CharField(max_length=20, default="chat")  # chat, completion, embedding
    source = models.JSONField(default=dict, blank=True)  # {"path"} | {"url"} | {"upload"}
    licence = models.CharField(max_length=100, blank=True)
    licence_accepted_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    licence_accepted_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=20, choices=AIModelState.choices, default=AIModelState.PENDING
    )
    sha256 = models.CharField(max_length=64, blank=True)  # of the stored file
    expected_sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    architecture = models.CharField(max_length=60, blank=True)
    parameter_count = models.BigIntegerField(null=True)
    quantisation = models.CharField(max_length=30, blank=True)
    context_length = models.IntegerField(null=True)  # tokens the model was trained for
    has_chat_template = models.BooleanField(default=False)
    gguf = models.JSONField(default=dict, blank=True)  # `gguf.GGUFFacts` as a dict
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=AIModelState.values), name="ai_model_state_is_known"
            ),
            models.UniqueConstraint(fields=["team", "name"], name="ai_model_name_once_per_team"),
        ]

    def __str__(self) -> str:
        return self.name
