"""Memory estimates and what is said of them. The numbers are checked against llama.cpp's formulas
here, and against a real server in test_fit_measured."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.models.fit import (
    KV_BYTES,
    Fit,
    MeasuredPeak,
    NodeMemory,
    Shape,
    Version,
    basis,
    correct_estimate,
    estimate_memory,
    fit_on_node,
    gigabytes,
)
from apps.models.gguf import GGUFFacts

GB = 1_000_000_000

LLAMA_8B = GGUFFacts(
    architecture="llama",
    parameter_count=8_030_000_000,
    quantisation="Q8_0",
    weights_bytes=8_540_000_000,
    context_length=8192,
    layers=32,
    embedding_length=4096,
    feed_forward_length=14_336,
    heads=32,
    heads_kv=[8] * 32,
    key_length=128,
    value_length=128,
    vocabulary=128_256,
)


def node(gb: float, *, free: float | None = None, promised: float = 0) -> NodeMemory:
    available = gb if free is None else free
    return NodeMemory(
        total=int(gb * GB), available=int(available * GB), promised=int(promised * GB)
    )


def fit(facts: GGUFFacts, memory: NodeMemory, **shape: object) -> Fit:
    wanted = Shape(**{"context_length": 8192, "slots": 1, **shape})
    return fit_on_node(estimate_memory(facts, wanted), memory)


class TestCache:
    def test_grouped_queries(self) -> None:
        estimate = estimate_memory(LLAMA_8B, Shape(8192))
        assert estimate.kv == 8192 * 32 * 8 * (128 + 128) * 2

    def test_every_slot_has_its_own(self) -> None:
        one, four = (estimate_memory(LLAMA_8B, Shape(2048, slots)).kv for slots in (1, 4))
        assert four == 4 * one

    @pytest.mark.parametrize(("kind", "share"), [("q8_0", 34 / 64), ("q4_0", 18 / 64)])
    def test_smaller_numbers(self, kind: str, share: float) -> None:
        full = estimate_memory(LLAMA_8B, Shape(4096)).kv
        assert estimate_memory(LLAMA_8B, Shape(4096, 1, kind)).kv == int(full * share)

    def test_cells_come_in_steps(self) -> None:
        assert estimate_memory(LLAMA_8B, Shape(100)).kv == estimate_memory(LLAMA_8B, Shape(256)).kv

    def test_a_sliding_window_stops_growing(self) -> None:
        sliding = replace(
            LLAMA_8B, sliding_window=1024, sliding_layers=[*[True] * 5, False] * 5 + [True, True]
        )
        short, long = (estimate_memory(sliding, Shape(tokens)).kv for tokens in (8192, 16_384))
        full_layers = 5
        assert long - short == full_layers * 8192 * 8 * 256 * 2
        assert short < estimate_memory(LLAMA_8B, Shape(8192)).kv / 3

    def test_hybrids_keep_only_attention_layers(self) -> None:
        hybrid = replace(LLAMA_8B, heads_kv=[0] * 20 + [8] * 12, conv_state=2 * 4096)
        estimate = estimate_memory(hybrid, Shape(4096, 2))
        attention = 2 * 12 * 4096 * 8 * 256 * 2
        assert estimate.kv == attention + 2 * 20 * 2 * 4096 * 4

    def test_an_encoder_keeps_none(self) -> None:
        encoder = replace(LLAMA_8B, causal=False, embeddings=True)
        assert estimate_memory(encoder, Shape(512)).kv == 0

    def test_an_embedding_is_computed_in_one_piece(self) -> None:
        embedder = replace(LLAMA_8B, embeddings=True)
        assert (
            estimate_memory(embedder, Shape(8192)).compute
            > 4 * estimate_memory(LLAMA_8B, Shape(8192)).compute
        )

    def test_compressed_keys_and_values(self) -> None:
        latent = replace(
            LLAMA_8B, heads_kv=[1] * 32, key_length=576, value_length=512, latent_kv=True
        )
        assert estimate_memory(latent, Shape(4096)).kv == 4096 * 32 * 576 * 2


class TestSentences:
    def test_it_fits(self) -> None:
        found = fit(LLAMA_8B, node(16))
        assert found.fits
        assert found.sentence == f"Fits, {gigabytes(found.spare_bytes)} to spare."
        assert found.suggestions == ()

    def test_it_does_not_and_what_would(self) -> None:
        found = fit(LLAMA_8B, node(12), slots=4)
        assert not found.fits
        assert found.sentence == (
            "Needs 13 GB, this node has 11 GB: a context of 4k instead of 8k, 2 requests at once "
            "instead of 4 or Q4 instead of Q8 would fit."
        )

    def test_what_is_used_by_others_is_said(self) -> None:
        found = fit(LLAMA_8B, node(32, free=6))
        assert not found.fits
        assert "this node has 6.0 GB free of 32 GB" in found.sentence

    def test_nothing_helps(self) -> None:
        found = fit(LLAMA_8B, node(4))
        assert found.sentence.endswith("no smaller shape of this model fits.")
        assert found.suggestions == ()

    def test_only_everything_together_helps(self) -> None:
        found = fit(LLAMA_8B, node(7), slots=4)
        (suggestion,) = found.suggestions
        assert "all together" in found.sentence
        assert suggestion.changes["slots"] == 1

    def test_other_versions_are_named(self) -> None:
        estimate = estimate_memory(LLAMA_8B, Shape(8192))
        found = fit_on_node(
            estimate,
            node(9),
            versions=[Version("Q4_K_M", 4_920_000_000), Version("Q6_K", 6_600_000_000)],
        )
        versions = [
            each.changes["version"] for each in found.suggestions if "version" in each.changes
        ]
        assert versions == ["Q4_K_M"] or versions == ["Q6_K"]
        assert all(each.new_total <= found.free_bytes for each in found.suggestions)

    @pytest.mark.parametrize(
        ("amount", "text"),
        [(2_100_000_000, "2.1 GB"), (21_040_000_000, "21 GB"), (340_000_000, "340 MB"),
         (999_600_000, "1.0 GB"), (9_960_000_000, "10 GB"), (0, "0 MB")],
    )  # fmt: skip
    def test_amounts(self, amount: int, text: str) -> None:
        assert gigabytes(amount) == text


class TestNode:
    def test_promises_count_even_before_they_are_used(self) -> None:
        assert node(32, promised=20).free == 32 * GB - 20 * GB - 1_600_000_000

    def test_what_replicas_hold_is_not_counted_twice(self) -> None:
        memory = NodeMemory(total=32 * GB, available=12 * GB, promised=20 * GB, resident=18 * GB)
        assert memory.others == 2 * GB
        assert memory.free == 10 * GB

    def test_it_is_never_negative(self) -> None:
        assert node(8, promised=20).free == 0


class TestMeasured:
    def test_the_peak_at_the_same_shape_wins(self) -> None:
        estimate = estimate_memory(LLAMA_8B, Shape(4096))
        measured = MeasuredPeak(Shape(4096), estimate.total + 300_000_000)
        corrected = correct_estimate(estimate, measured)
        assert corrected.total == measured.peak_bytes
        assert basis(corrected) == "measured"
        assert basis(estimate) == "estimated ± 10 %"

    def test_at_another_shape_it_moves_the_estimate(self) -> None:
        before = estimate_memory(LLAMA_8B, Shape(8192))
        off = 500_000_000
        measured = MeasuredPeak(Shape(4096), estimate_memory(LLAMA_8B, Shape(4096)).total + off)
        corrected = correct_estimate(before, measured)
        assert corrected.total == before.total + off
        assert not corrected.measured

    def test_a_peak_from_before_it_was_loaded_is_ignored(self) -> None:
        estimate = estimate_memory(LLAMA_8B, Shape(4096))
        assert correct_estimate(estimate, MeasuredPeak(Shape(4096), 1 * GB)) == estimate

    def test_it_changes_the_verdict(self) -> None:
        estimate = estimate_memory(LLAMA_8B, Shape(4096))
        memory = node((estimate.total + 1.1 * GB) / GB)
        assert fit_on_node(estimate, memory).fits
        heavy = MeasuredPeak(Shape(4096), estimate.total + 1 * GB)
        assert not fit_on_node(estimate, memory, heavy).fits


class TestAlways:
    @given(
        context=st.integers(1, 200_000),
        slots=st.integers(1, 64),
        kind=st.sampled_from(sorted(KV_BYTES)),
        total=st.integers(0, 512),
        promised=st.integers(0, 512),
    )
    def test_suggestions_fit_and_sentences_agree(
        self, context: int, slots: int, kind: str, total: int, promised: int
    ) -> None:
        estimate = estimate_memory(LLAMA_8B, Shape(context, slots, kind))
        found = fit_on_node(estimate, node(total, promised=promised))
        assert found.fits == found.sentence.startswith("Fits")
        assert found.needed_bytes - found.free_bytes == -found.spare_bytes
        assert all(each.new_total <= found.free_bytes for each in found.suggestions)

    @given(context=st.integers(1, 100_000), more=st.integers(1, 100_000))
    def test_more_context_never_takes_less(self, context: int, more: int) -> None:
        small, large = (
            estimate_memory(LLAMA_8B, Shape(tokens)).total for tokens in (context, context + more)
        )
        assert small <= large
