from django.db import models

from apps.core.models import StatefulModel, TeamOwnedModel
from apps.nodes.states import NODE_ACTIONS, NODE_STATES, NodeState, Power


class Node(TeamOwnedModel, StatefulModel):
    """A machine we manage."""

    STATES = NODE_STATES
    ACTIONS = NODE_ACTIONS
    SUBJECT = "node"

    name = models.CharField(max_length=100)
    address = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=NodeState.choices, default=NodeState.ENROLLED)
    power = models.CharField(max_length=10, choices=Power.choices, default=Power.UNKNOWN)
    is_control_plane = models.BooleanField(default=False)
    labels = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # the shape of schemas.FactsOut
    facts_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=NodeState.values), name="node_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["team", "name"],
                condition=~models.Q(state="retired"),
                name="node_name_once_per_team",
            ),
            models.UniqueConstraint(
                fields=["is_control_plane"],
                condition=models.Q(is_control_plane=True),
                name="one_control_plane_node",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hardware(self) -> str:
        """One line for a list: processor, threads, memory, cards. Empty before the first look."""
        cpu, memory = self.facts.get("cpu", {}), self.facts.get("memory", {})
        cards = [gpu["name"] for gpu in self.facts.get("gpus", [])]
        said = [
            cpu.get("model", ""),
            f"{cpu['threads']} threads" if cpu.get("threads") else "",
            f"{memory['total_bytes'] / 1e9:.0f} GB" if memory.get("total_bytes") else "",
            *(f"{cards.count(name)} × {name}" for name in dict.fromkeys(cards)),
        ]
        return " · ".join(part for part in said if part)


class NodeSample(models.Model):
    """How busy one node was at one moment. Bytes and shares (0 to 1)."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    cpu_share = models.FloatField()
    load_1m = models.FloatField()
    memory_total = models.BigIntegerField()
    memory_available = models.BigIntegerField()
    disk_total = models.BigIntegerField()  # of the file system that holds the model store
    disk_free = models.BigIntegerField()
    gpus = models.JSONField(
        default=list, blank=True
    )  # index, busy_share, memory_total, memory_free

    class Meta:
        indexes = [models.Index(fields=["node", "-at"], name="node_sample_latest")]

    def __str__(self) -> str:
        return f"{self.node_id} {self.at:%H:%M:%S}"
