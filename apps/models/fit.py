"""How much memory a model takes, and whether a node has it. Pure: the preview and the deployment
ask the same functions.

The parts follow what llama.cpp allocates; the constants were fitted to a real model server with
`benchmarks/models/memory.py` and are kept honest by `tests/models/test_fit_measured.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from apps.models.gguf.facts import GGUFFacts

KvType = Literal["f16", "q8_0", "q4_0"]

# Bytes of one number of the cache: blocks of 32 carry a 16-bit scale.
KV_BYTES = {"f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
BITS_PER_WEIGHT = {"F32": 32, "F16": 16, "BF16": 16, "Q8_0": 8.5, "Q6_K": 6.6, "Q5_K_M": 5.7}
Q4_BITS = 4.9  # Q4_K_M, the smallest version most people do not notice

CELL_STEP = 256  # the cache is made in steps of this many tokens
PROMPT_BATCH = 512  # tokens computed at once while a prompt is read
PROCESS_BYTES = 42_000_000  # the server itself before any model
TOKEN_BYTES = 340  # a vocabulary entry in memory, with its share of the merges
RESERVE_BYTES = 1_000_000_000  # left to the system and to Hearth
RESERVE_SHARE = 0.05
SMALLEST_CONTEXT = 1024
TOLERANCE = 0.1
MEASURED_TOLERANCE = 0.03
PLAUSIBLE_SHARE = 0.6


@dataclass(frozen=True)
class Shape:
    """How a model is to be served. `context_length` is tokens per slot."""

    context_length: int
    slots: int = 1
    kv_type: str = "f16"


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes by what they are for. `tolerance` is the share the truth may lie above or below."""

    weights: int
    kv: int
    compute: int
    facts: GGUFFacts
    shape: Shape
    tolerance: float = TOLERANCE
    measured: bool = False

    @property
    def total(self) -> int:
        return self.weights + self.kv + self.compute


@dataclass(frozen=True)
class MeasuredPeak:
    """What a replica of the same file really took at a shape."""

    shape: Shape
    peak_bytes: int


@dataclass(frozen=True)
class NodeMemory:
    """A node's memory. `available` is what it has free now, `promised` what its replicas may grow
    to, `resident` what those replicas hold of it already."""

    total: int
    available: int
    promised: int = 0
    resident: int = 0

    @property
    def reserve(self) -> int:
        return max(RESERVE_BYTES, int(self.total * RESERVE_SHARE))

    @property
    def others(self) -> int:
        """What everything except the replicas uses now."""
        return max(0, self.total - self.available - self.resident)

    @property
    def free(self) -> int:
        """What a further replica may take."""
        return max(0, self.total - self.promised - max(self.reserve, self.others))


@dataclass(frozen=True)
class Version:
    """Another file of the same model, as a way to make it fit."""

    name: str
    size_bytes: int


@dataclass(frozen=True)
class Suggestion:
    """A change that would make it fit. `changes` are fields of the deploy request."""

    change: str
    new_total: int
    changes: dict[str, Any]


@dataclass(frozen=True)
class Fit:
    """`spare_bytes` is negative by what is missing."""

    fits: bool
    spare_bytes: int
    needed_bytes: int
    free_bytes: int
    sentence: str
    basis: str
    estimate: MemoryEstimate
    suggestions: tuple[Suggestion, ...] = ()


def estimate_memory(facts: GGUFFacts, shape: Shape) -> MemoryEstimate:
    """What serving the model at this shape takes once every slot is full."""
    return MemoryEstimate(
        weights=facts.weights_bytes + facts.twice_bytes,
        kv=_cache_bytes(facts, shape),
        compute=_compute_bytes(facts, shape),
        facts=facts,
        shape=shape,
    )


def correct_estimate(estimate: MemoryEstimate, measured: MeasuredPeak | None) -> MemoryEstimate:
    """The estimate moved by what was measured: at the same shape the peak itself, at another
    shape by the difference the estimate had there. The correction lands in `compute`."""
    if measured is None:
        return estimate
    expected = estimate_memory(estimate.facts, measured.shape)
    if measured.peak_bytes < PLAUSIBLE_SHARE * expected.total:
        return estimate  # taken while the model was still loading
    same = measured.shape == estimate.shape
    error = measured.peak_bytes - expected.total
    corrected = estimate.compute + error
    return replace(
        estimate,
        compute=max(corrected, PROCESS_BYTES // 4),
        tolerance=MEASURED_TOLERANCE if same else TOLERANCE,
        measured=same,
    )


def fit_on_node(
    estimate: MemoryEstimate,
    node_memory: NodeMemory,
    measured: MeasuredPeak | None = None,
    *,
    versions: Sequence[Version] = (),
) -> Fit:
    """Whether a further replica fits, in a sentence, and if not, what would."""
    corrected = correct_estimate(estimate, measured)
    needed, free = corrected.total, node_memory.free
    spare = free - needed
    suggestions: tuple[Suggestion, ...] = ()
    if spare < 0:
        suggestions = tuple(_suggestions(corrected, free, versions))
    return Fit(
        fits=spare >= 0,
        spare_bytes=spare,
        needed_bytes=needed,
        free_bytes=free,
        sentence=_sentence(needed, node_memory, suggestions),
        basis=basis(corrected),
        estimate=corrected,
        suggestions=suggestions,
    )


def basis(estimate: MemoryEstimate) -> str:
    """ "measured", or "estimated ± 10 %"."""
    return (
        "measured"
        if estimate.measured
        else f"estimated ± {estimate.tolerance:.0%}".replace("%", " %")
    )


def gigabytes(amount: float) -> str:
    """ "2.1 GB", "21 GB", "340 MB": as many digits as say something."""
    if amount < 999_500_000:
        return f"{amount / 1e6:.0f} MB"
    return f"{amount / 1e9:.1f} GB" if amount < 9.95e9 else f"{amount / 1e9:.0f} GB"


# --- what llama.cpp allocates -------------------------------------------------------------------


def _cache_bytes(facts: GGUFFacts, shape: Shape) -> int:
    if not facts.causal:
        return 0
    cells = _cells(shape.context_length)
    window = min(cells, _cells((facts.sliding_window or 0) + PROMPT_BATCH))
    per_number = KV_BYTES[shape.kv_type]
    width = facts.key_length + (0 if facts.latent_kv else facts.value_length)
    total = 0.0
    for layer, heads in enumerate(facts.heads_kv):
        if heads:
            slides = layer < len(facts.sliding_layers) and facts.sliding_layers[layer]
            total += (window if slides else cells) * heads * width * per_number
        else:
            total += 4 * (facts.conv_state + facts.recurrent_state)
    return int(total * shape.slots)


def _compute_bytes(facts: GGUFFacts, shape: Shape) -> int:
    """The process, its vocabulary, and the buffers of one batch.

    Room for the logits of a whole batch is set aside but never touched: only the last token of each
    request is asked for, so only that counts.
    """
    whole = _cells(shape.context_length)
    # A text is embedded in one piece; a prompt is read in batches.
    batch = whole if facts.embeddings else min(PROMPT_BATCH, whole * shape.slots)
    logits = 5 * shape.slots * facts.vocabulary * 4  # with what the sampler sorts
    widest = max(facts.feed_forward_length * _experts_at_once(facts), 3 * facts.embedding_length)
    activations = batch * (2 * widest + 4 * facts.embedding_length) * 4
    mask = batch * whole * 2
    return PROCESS_BYTES + TOKEN_BYTES * facts.vocabulary + logits + activations + mask


def _experts_at_once(facts: GGUFFacts) -> int:
    return facts.experts_used or 1


def _cells(tokens: int) -> int:
    return -(-tokens // CELL_STEP) * CELL_STEP


# --- what to change -----------------------------------------------------------------------------


def _suggestions(
    estimate: MemoryEstimate, free: int, versions: Sequence[Version]
) -> Iterator[Suggestion]:
    """The smallest change of each kind that makes it fit; together, when no single one does."""
    single = [
        found
        for candidates in (
            _shorter_contexts(estimate),
            _fewer_slots(estimate),
            _smaller_cache(estimate),
            _smaller_versions(estimate, versions),
        )
        for found in [next((each for each in candidates if each.new_total <= free), None)]
        if found
    ]
    if single:
        yield from single
        return
    smallest = _everything_smaller(estimate, versions)
    if smallest.new_total <= free:
        yield smallest


def _reshaped(estimate: MemoryEstimate, shape: Shape) -> int:
    """The total at another shape, with the measured correction kept."""
    correction = estimate.total - estimate_memory(estimate.facts, estimate.shape).total
    return estimate_memory(estimate.facts, shape).total + correction


def _shorter_contexts(estimate: MemoryEstimate) -> Iterator[Suggestion]:
    shape, tokens = estimate.shape, estimate.shape.context_length // 2
    while tokens >= SMALLEST_CONTEXT:
        yield Suggestion(
            change=f"a context of {_tokens(tokens)} instead of {_tokens(shape.context_length)}",
            new_total=_reshaped(estimate, replace(shape, context_length=tokens)),
            changes={"context_length": tokens},
        )
        tokens //= 2


def _fewer_slots(estimate: MemoryEstimate) -> Iterator[Suggestion]:
    shape, slots = estimate.shape, estimate.shape.slots // 2
    while slots >= 1:
        yield Suggestion(
            change=f"{slots} request{'s' if slots > 1 else ''} at once instead of {shape.slots}",
            new_total=_reshaped(estimate, replace(shape, slots=slots)),
            changes={"slots": slots},
        )
        slots //= 2


def _smaller_cache(estimate: MemoryEstimate) -> Iterator[Suggestion]:
    if estimate.shape.kv_type in {"f16", "f32", "bf16"}:
        yield Suggestion(
            change="a q8_0 cache instead of f16",
            new_total=_reshaped(estimate, replace(estimate.shape, kv_type="q8_0")),
            changes={"kv_type": "q8_0"},
        )


def _smaller_versions(
    estimate: MemoryEstimate, versions: Sequence[Version]
) -> Iterator[Suggestion]:
    now = estimate.facts.quantisation
    smaller = sorted(
        (each for each in versions if each.size_bytes < estimate.weights),
        key=lambda each: -each.size_bytes,
    )
    for version in smaller:
        yield Suggestion(
            change=f"{version.name} instead of {now}",
            new_total=estimate.total - estimate.weights + version.size_bytes,
            changes={"version": version.name},
        )
    if not versions and BITS_PER_WEIGHT.get(now, 0) > Q4_BITS:
        small = int(estimate.facts.parameter_count * Q4_BITS / 8)
        yield Suggestion(
            change=f"Q4 instead of {now.split('_')[0]}",
            new_total=estimate.total - estimate.weights + small,
            changes={},
        )


def _everything_smaller(estimate: MemoryEstimate, versions: Sequence[Version]) -> Suggestion:
    shape = estimate.shape
    context = min(shape.context_length, SMALLEST_CONTEXT)
    least = replace(shape, context_length=context, slots=1, kv_type="q8_0")
    changes: dict[str, Any] = {"context_length": context, "slots": 1, "kv_type": "q8_0"}
    total = _reshaped(estimate, least)
    words = f"a context of {_tokens(context)}, one request at once and a q8_0 cache"
    smaller = list(_smaller_versions(estimate, versions))
    if smaller and total > 0:
        last = min(smaller, key=lambda each: each.new_total)
        total -= estimate.total - last.new_total
        changes |= last.changes
        words = f"{last.change}, {words}"
    return Suggestion(change=f"{words}, all together,", new_total=total, changes=changes)


def _sentence(needed: int, memory: NodeMemory, suggestions: Sequence[Suggestion]) -> str:
    spare = memory.free - needed
    if spare >= 0:
        return f"Fits, {gigabytes(spare)} to spare."
    has = f"this node has {gigabytes(memory.free)}"
    if memory.free < 0.9 * (memory.total - memory.reserve):
        has += f" free of {gigabytes(memory.total)}"
    start = f"Needs {gigabytes(needed)}, {has}"
    if not suggestions:
        return f"{start}: no smaller shape of this model fits."
    *others, last = (each.change for each in suggestions)
    choices = f"{', '.join(others)} or {last}" if others else last
    return f"{start}: {choices} would fit."


def _tokens(count: int) -> str:
    return f"{count // 1024}k" if count >= 1024 and count % 1024 == 0 else f"{count:,}"
