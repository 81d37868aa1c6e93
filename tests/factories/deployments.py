"""A machine with room, a model with its file, and a deployment of it."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.accounts.models import Team
from apps.models.gguf.facts import read_gguf
from apps.models.models import AIModel, Deployment
from apps.models.states.ai_models import AIModelState
from apps.models.store import blob_path
from apps.nodes.models import Node, NodeSample
from apps.nodes.states import NodeState

TINY_MODEL = Path(__file__).resolve().parents[2] / "stack" / "assets" / "opsling-q8_0.gguf"
GIGABYTE = 10**9
TOO_LITTLE = 10**7  # bytes: less than the tiny model takes


def make_local_node(*, team: Team, available: int = 12 * GIGABYTE, **columns: Any) -> Node:
    """The control plane's machine, with 16 GB of which `available` bytes are free now."""
    node = Node.objects.create(
        team=team,
        **{
            "name": "this-machine",
            "address": "127.0.0.1",
            "state": NodeState.READY,
            "is_control_plane": True,
            **columns,
        },
    )
    note_free_memory(node, available)
    return node


def note_free_memory(node: Node, available: int) -> None:
    NodeSample.objects.create(
        node=node,
        at=timezone.now(),
        cpu_share=0.1,
        load_1m=0.1,
        memory_total=16 * GIGABYTE,
        memory_available=available,
        disk_total=100 * GIGABYTE,
        disk_free=50 * GIGABYTE,
    )


def make_served_ai_model(*, team: Team, name: str = "opsling", **columns: Any) -> AIModel:
    """The tiny model, with its file in the store."""
    facts = read_gguf(TINY_MODEL)
    sha256 = hashlib.sha256(TINY_MODEL.read_bytes()).hexdigest()
    blob_path(sha256).parent.mkdir(parents=True, exist_ok=True)
    if not blob_path(sha256).exists():
        shutil.copy(TINY_MODEL, blob_path(sha256))
    return AIModel.objects.create(
        team=team,
        name=name,
        **{
            "state": AIModelState.READY,
            "sha256": sha256,
            "size_bytes": TINY_MODEL.stat().st_size,
            "architecture": facts.architecture,
            "parameter_count": facts.parameter_count,
            "quantisation": facts.quantisation,
            "context_length": facts.context_length,
            "has_chat_template": bool(facts.chat_template),
            "gguf": facts.to_dict(),
            "verified_at": timezone.now(),
            **columns,
        },
    )


def make_deployment(*, ai_model: AIModel, name: str = "ops", **columns: Any) -> Deployment:
    """A row only: nothing runs for it."""
    return Deployment.objects.create(
        team=ai_model.team, ai_model=ai_model, name=name, **{"context_length": 256, **columns}
    )
