"""AI models for tests, with real small GGUF files."""

import hashlib
from itertools import count
from pathlib import Path

import gguf
import numpy as np

from apps.accounts.models import Team
from apps.models import store
from apps.models.actions import ai_models as actions
from apps.models.gguf import read_gguf
from apps.models.models import AIModel

BUILT_IN_FILE = Path(__file__).resolve().parents[2] / "stack" / "assets" / "opsling-q8_0.gguf"

_numbers = count(1)


def write_gguf(
    path: Path,
    *,
    architecture: str = "llama",
    weights_kb: int = 64,
    metadata: dict[str, object] | None = None,
    seed: int = 0,
) -> Path:
    """A well-formed GGUF of one random tensor. It can be stored and looked at, but not served."""
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_name(f"test-{seed}")
    writer.add_block_count(2)
    writer.add_context_length(2048)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(128)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_chat_template("{{ messages }}")
    writer.add_token_list([f"t{number}" for number in range(100)])
    for key, value in (metadata or {}).items():
        _add(writer, key, value)
    numbers = np.random.default_rng(seed).standard_normal((weights_kb, 256), dtype="float32")
    writer.add_tensor("token_embd.weight", numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, key: str, value: object) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, list):
        writer.add_array(key, value)
    else:
        writer.add_string(key, str(value))


def make_ai_model(*, team: Team, **given: object) -> AIModel:
    """An AI model as it is added: pending, without a file."""
    return AIModel.objects.create(**{"team": team, "name": f"model-{next(_numbers)}", **given})


def make_ready_ai_model(*, team: Team, file: Path = BUILT_IN_FILE, **given: object) -> AIModel:
    """An AI model whose file lies verified in the store."""
    ai_model = make_ai_model(team=team, **given)
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    part = store.partial_path(actions.partial_name(ai_model.pk))
    part.write_bytes(content)
    path = store.keep_blob(part, sha256=sha256)
    actions.mark_verifying(ai_model=ai_model)
    actions.mark_ready(
        ai_model=ai_model, sha256=sha256, size_bytes=len(content), facts=read_gguf(path)
    )
    return ai_model
