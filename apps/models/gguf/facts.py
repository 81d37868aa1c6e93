"""What a model is, from the header of its GGUF file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeGuard

from apps.models.gguf.reader import (
    MAX_ARRAY_KEPT,
    Counted,
    NotAGGUF,
    Reader,
    Tensor,
    aligned,
    read_header,
)

_NOT_SERVABLE = {
    "adapter": "a LoRA adapter, not a whole model",
    "mmproj": "a vision or audio projector, which only works beside its language model",
    "imatrix": "an importance matrix for quantising, not a model",
    "vocab": "a vocabulary without weights",
}


@dataclass(frozen=True)
class GGUFFacts:
    """What the header says. Sizes in bytes; None where the header is silent.

    `heads_kv` has one number per layer, 0 for a layer without attention. `sliding_layers` says per
    layer whether it only sees the sliding window.
    """

    architecture: str
    parameter_count: int
    quantisation: str
    weights_bytes: int
    name: str = ""
    embeddings: bool = False
    pooling: str = ""  # how the file says that an embedding is taken from its tokens
    causal: bool = True  # an encoder looks both ways and keeps no cache
    context_length: int | None = None
    layers: int = 0
    embedding_length: int = 0
    feed_forward_length: int = 0
    heads: int = 0
    heads_kv: list[int] = field(default_factory=list)
    key_length: int = 0
    value_length: int = 0
    vocabulary: int = 0
    chat_template: str = ""
    sliding_window: int | None = None
    sliding_layers: list[bool] = field(default_factory=list)
    experts: int | None = None
    experts_used: int | None = None
    conv_state: int = 0  # floats a layer without attention keeps per sequence
    recurrent_state: int = 0
    latent_kv: bool = False  # MLA: one compressed row instead of keys and values
    split_count: int = 1
    twice_bytes: int = 0  # weights that a processor holds in two layouts

    @property
    def attention_layers(self) -> int:
        return sum(heads > 0 for heads in self.heads_kv)

    @property
    def recurrent_layers(self) -> int:
        return self.layers - self.attention_layers

    def to_dict(self) -> dict[str, Any]:
        """For a JSON column; `from_dict` reads it back."""
        return asdict(self) | {
            "attention_layers": self.attention_layers,
            "recurrent_layers": self.recurrent_layers,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "GGUFFacts":
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})


def read_gguf(path: Path) -> GGUFFacts:
    """The facts in the header of a complete, servable GGUF file.

    Raises NotAGGUF with a reason for anything else: another format, rubbish, a file whose tensors
    reach beyond its end. Raises OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        reader = Reader(file, size)
        metadata, tensors = read_header(reader)
        data_start = aligned(reader.position, metadata.get("general.alignment", 32))
    kind = str(metadata.get("general.type", "model"))
    if kind in _NOT_SERVABLE:
        raise NotAGGUF(f"It is {_NOT_SERVABLE[kind]}.")
    facts = _facts(metadata, tensors)
    _check_length(tensors, data_start, size)
    return facts


def _tensor_bytes(tensor: Tensor) -> int:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    try:
        block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(tensor.type_number)]
    except (KeyError, ValueError):
        raise NotAGGUF(
            f"Its weights use a kind of number ({tensor.type_number}) that is not known here."
        ) from None
    return int(tensor.elements // block * block_bytes)


def _check_length(tensors: list[Tensor], data_start: int, size: int) -> None:
    end = max((data_start + t.offset + _tensor_bytes(t) for t in tensors), default=data_start)
    if end > size:
        raise NotAGGUF(
            f"The file is not complete: its weights need {end:,} bytes and it has {size:,}."
        )


def _facts(metadata: dict[str, Any], tensors: list[Tensor]) -> GGUFFacts:
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise NotAGGUF("Its header does not name an architecture.")
    if architecture == "clip":
        raise NotAGGUF(f"It is {_NOT_SERVABLE['mmproj']}.")
    if not tensors:
        raise NotAGGUF(f"It is {_NOT_SERVABLE['vocab']}.")
    of = _Architecture(architecture, metadata)
    split_count = of.whole("split.count", default=1, everywhere=True)
    if split_count > 1:
        raise NotAGGUF(
            f"It is one of {split_count} parts of a model. "
            "Join them with llama-gguf-split --merge and add the result."
        )
    layers = of.whole("block_count")
    heads_kv = of.per_layer("attention.head_count_kv", layers, otherwise="attention.head_count")
    heads = max(of.per_layer("attention.head_count", layers), default=0)
    embedding = of.whole("embedding_length")
    usual_length = embedding // heads if heads else 0
    window = of.whole("attention.sliding_window") or None
    template = metadata.get("tokenizer.chat_template", "")
    return GGUFFacts(
        architecture=architecture,
        name=_text(metadata.get("general.name")),
        parameter_count=sum(tensor.elements for tensor in tensors),
        quantisation=_quantisation(metadata, tensors),
        weights_bytes=sum(_tensor_bytes(tensor) for tensor in tensors),
        embeddings=of.whole("pooling_type") > 0 or of.get("attention.causal") is False,
        pooling=_POOLING.get(of.whole("pooling_type"), ""),
        causal=of.get("attention.causal") is not False,
        context_length=of.whole("context_length") or None,
        layers=layers,
        embedding_length=embedding,
        feed_forward_length=max(of.per_layer("feed_forward_length", layers), default=0),
        heads=heads,
        heads_kv=_without_recurrent(of, heads_kv),
        key_length=of.whole("attention.key_length", default=usual_length),
        value_length=of.whole("attention.value_length", default=usual_length),
        vocabulary=_vocabulary(metadata, of),
        chat_template=_text(template),
        sliding_window=window,
        sliding_layers=_sliding_layers(of, layers) if window else [],
        experts=of.whole("expert_count") or None,
        experts_used=of.whole("expert_used_count") or None,
        conv_state=_conv_state(of),
        recurrent_state=of.whole("ssm.state_size") * of.whole("ssm.inner_size"),
        latent_kv=of.whole("attention.kv_lora_rank") > 0 and set(heads_kv) == {1},
        split_count=split_count,
        twice_bytes=_twice_bytes(tensors),
    )


_POOLING = {1: "mean", 2: "cls", 3: "last", 4: "rank"}


class _Architecture:
    """Metadata under the architecture's own prefix, with nonsense read as absent."""

    def __init__(self, name: str, metadata: dict[str, Any]) -> None:
        self._name = name
        self._metadata = metadata

    def key(self, name: str) -> str:
        return f"{self._name}.{name}"

    def get(self, name: str) -> Any:
        return self._metadata.get(self.key(name))

    def whole(self, name: str, *, default: int = 0, everywhere: bool = False) -> int:
        value = self._metadata.get(name if everywhere else self.key(name))
        if isinstance(value, list):
            value = max((item for item in value if _is_size(item)), default=None)
        return int(value) if _is_size(value) else default

    def per_layer(self, name: str, layers: int, *, otherwise: str = "") -> list[int]:
        """One number per layer: from a list, or one number for all."""
        value = self.get(name)
        if value is None and otherwise:
            value = self.get(otherwise)
        count = min(layers, MAX_ARRAY_KEPT)
        if isinstance(value, list):
            sizes = [int(item) if _is_size(item) else 0 for item in value[:count]]
            return sizes + [0] * (count - len(sizes))
        return [int(value) if _is_size(value) else 0] * count


def _is_size(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40


def _text(value: Any) -> str:
    # Postgres refuses the character NUL in text.
    return value.replace("\x00", "") if isinstance(value, str) else ""


def _vocabulary(metadata: dict[str, Any], of: _Architecture) -> int:
    tokens = metadata.get("tokenizer.ggml.tokens")
    return tokens.length if isinstance(tokens, Counted) else of.whole("vocab_size")


def _quantisation(metadata: dict[str, Any], tensors: list[Tensor]) -> str:
    """The name the file gives itself, or the kind most of its weights have."""
    from gguf import GGMLQuantizationType, LlamaFileType

    number = metadata.get("general.file_type")
    if _is_size(number) and number in {int(kind) for kind in LlamaFileType} - {1024}:
        return LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    sizes: dict[int, int] = {}
    for tensor in tensors:
        sizes[tensor.type_number] = sizes.get(tensor.type_number, 0) + tensor.elements
    most = max(sizes, key=lambda kind: sizes[kind])
    known = {int(kind) for kind in GGMLQuantizationType}
    return GGMLQuantizationType(most).name if most in known else ""


# What llama.cpp rearranges for x86 and ARM processors while it loads.
_REARRANGED = {"Q4_0", "Q4_K", "IQ4_NL", "Q2_K"}


def _twice_bytes(tensors: list[Tensor]) -> int:
    """Token embeddings that also serve as the output: looked up as they are, multiplied
    rearranged."""
    from gguf import GGMLQuantizationType

    by_name = {tensor.name: tensor for tensor in tensors}
    embeddings = by_name.get("token_embd.weight")
    if embeddings is None or "output.weight" in by_name:
        return 0
    kind = GGMLQuantizationType(embeddings.type_number).name
    return _tensor_bytes(embeddings) if kind in _REARRANGED else 0


def _conv_state(of: _Architecture) -> int:
    """Floats per sequence and layer: a short convolution's window, or a state space model's."""
    window = of.whole("shortconv.l_cache")
    if window:
        return (window - 1) * of.whole("embedding_length")
    kernel = of.whole("ssm.conv_kernel")
    groups = 2 * of.whole("ssm.group_count") * of.whole("ssm.state_size")
    return max(0, kernel - 1) * (of.whole("ssm.inner_size") + groups)


def _without_recurrent(of: _Architecture, heads_kv: list[int]) -> list[int]:
    """Some hybrids name every how many layers one has attention instead of listing them."""
    every = of.whole("full_attention_interval")
    if not every or not of.whole("ssm.state_size"):
        return heads_kv
    return [heads if (layer + 1) % every == 0 else 0 for layer, heads in enumerate(heads_kv)]


# Every how many layers one sees everything, where the file does not say.
_USUAL_PATTERN = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4, "llama4": 4}


def _sliding_layers(of: _Architecture, layers: int) -> list[bool]:
    pattern = of.get("attention.sliding_window_pattern")
    if isinstance(pattern, list):
        marks = [bool(mark) for mark in pattern[:layers]]
        return marks + [False] * (layers - len(marks))
    every = pattern if _is_size(pattern) else _USUAL_PATTERN.get(of.key("").rstrip("."), 1)
    count = min(layers, MAX_ARRAY_KEPT)
    if every < 2:
        return [every == 1 and of.key("").rstrip(".") in {"phi3", "mistral"}] * count
    return [(layer + 1) % every != 0 for layer in range(count)]
