"""Headers of GGUF files: right ones, wrong ones, and rubbish."""

import struct
import time
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.models.gguf import GGUFFacts, NotAGGUF, read_gguf
from benchmarks.models.random_models import Figures, write_random_model
from tests.factories.ai_models import BUILT_IN_FILE, write_gguf

U32, U64 = struct.Struct("<I"), struct.Struct("<Q")
STRING, ARRAY, UINT32 = 8, 9, 4


def text(value: str) -> bytes:
    return U64.pack(len(value.encode())) + value.encode()


def header(*, tensors: int = 0, entries: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + U32.pack(version) + U64.pack(tensors) + U64.pack(entries)


def put(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "it.gguf"
    path.write_bytes(content)
    return path


class TestRightFiles:
    def test_the_built_in_model(self) -> None:
        facts = read_gguf(BUILT_IN_FILE)
        assert facts.architecture == "llama"
        assert facts.quantisation == "Q8_0"
        assert facts.context_length == 1024
        assert facts.vocabulary == 1024
        assert "im_start" in facts.chat_template
        assert not facts.embeddings

    def test_it_agrees_with_the_gguf_package(self) -> None:
        facts, reader = read_gguf(BUILT_IN_FILE), gguf.GGUFReader(str(BUILT_IN_FILE))

        def field(name: str) -> object:
            return reader.fields[f"llama.{name}"].contents()

        assert facts.layers == field("block_count")
        assert facts.embedding_length == field("embedding_length")
        assert facts.heads == field("attention.head_count")
        assert set(facts.heads_kv) == {field("attention.head_count_kv")}
        assert facts.parameter_count == sum(int(t.n_elements) for t in reader.tensors)
        assert facts.weights_bytes == sum(int(t.n_bytes) for t in reader.tensors)

    def test_it_survives_the_way_through_a_json_column(self) -> None:
        facts = read_gguf(BUILT_IN_FILE)
        assert GGUFFacts.from_dict(facts.to_dict()) == facts
        assert GGUFFacts.from_dict({**facts.to_dict(), "of_a_later_version": 1}) == facts

    def test_hybrid_layers(self, tmp_path: Path) -> None:
        path = write_gguf(
            tmp_path / "h.gguf",
            architecture="lfm2",
            metadata={
                "lfm2.attention.head_count_kv": [0, 2],
                "lfm2.shortconv.l_cache": 3,
            },
        )
        facts = read_gguf(path)
        assert facts.heads_kv == [0, 2]
        assert (facts.attention_layers, facts.recurrent_layers) == (1, 1)
        assert facts.conv_state == 2 * 64

    def test_embeddings_that_are_held_twice(self, tmp_path: Path) -> None:
        for quant, twice in (("q4_0", True), ("q8_0", False)):
            path = write_random_model(
                tmp_path / f"{quant}.gguf", Figures(width=64, layers=1, heads=2, quant=quant)
            )
            assert bool(read_gguf(path).twice_bytes) == twice

    def test_sliding_windows(self, tmp_path: Path) -> None:
        path = write_gguf(
            tmp_path / "s.gguf",
            architecture="gemma3",
            metadata={"gemma3.attention.sliding_window": 512, "gemma3.block_count": 12},
        )
        facts = read_gguf(path)
        assert facts.sliding_window == 512
        assert facts.sliding_layers == [*[True] * 5, False, *[True] * 5, False]

    def test_an_embedding_model(self, tmp_path: Path) -> None:
        path = write_gguf(
            tmp_path / "e.gguf",
            architecture="bert",
            metadata={"bert.attention.causal": False, "bert.pooling_type": 2},
        )
        facts = read_gguf(path)
        assert facts.embeddings
        assert not facts.causal
        assert facts.pooling == "cls"

    def test_a_vocabulary_of_150_000_tokens_takes_no_time_and_no_memory(
        self, tmp_path: Path
    ) -> None:
        tokens = [f"token-{number}" for number in range(150_000)]
        path = write_gguf(tmp_path / "v.gguf", metadata={"tokenizer.ggml.merges": tokens})
        start = time.process_time()
        read_gguf(path)
        assert time.process_time() - start < 2

    def test_only_the_header_of_a_sparse_500_mb_file_is_read(self, tmp_path: Path) -> None:
        path = write_gguf(tmp_path / "big.gguf")
        with path.open("r+b") as file:
            file.truncate(500 * 2**20)
        start = time.process_time()
        assert read_gguf(path).architecture == "llama"
        assert time.process_time() - start < 1


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"GG", "does not begin"),
            (b"hello, I am a text", "does not begin"),
            (b"<!doctype html><html>", "web page"),
            (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
            (b"PK\x03\x04" + b"x" * 60, "zip"),
            (b"\x1f\x8b" + b"x" * 60, "gzip"),
            (b'\x40\x00\x00\x00\x00\x00\x00\x00{"__metadata__"', "safetensors"),
            (b'{"error": "not found"}', "JSON"),
            (b"GGUF" + U32.pack(1) + b"x" * 60, "version 1"),
            (b"GGUF" + struct.pack(">I", 3) + b"\0" * 60, "big-endian"),
            (b"GGUF" + U32.pack(3), "ends in the middle"),
        ],
    )
    def test_another_kind_of_file(self, tmp_path: Path, content: bytes, said: str) -> None:
        with pytest.raises(NotAGGUF, match=said):
            read_gguf(put(tmp_path, content))

    @pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.9999])
    def test_a_file_that_is_cut_short(self, tmp_path: Path, share: float) -> None:
        whole = BUILT_IN_FILE.read_bytes()
        with pytest.raises(NotAGGUF, match=r"not complete|claims|cannot be"):
            read_gguf(put(tmp_path, whole[: int(len(whole) * share)]))

    @pytest.mark.parametrize(
        ("metadata", "said"),
        [
            ({"general.type": "adapter"}, "LoRA"),
            ({"general.type": "mmproj"}, "projector"),
            ({"general.type": "imatrix"}, "importance matrix"),
            ({"split.count": 3}, "one of 3 parts"),
        ],
    )
    def test_a_gguf_that_cannot_be_served(
        self, tmp_path: Path, metadata: dict[str, object], said: str
    ) -> None:
        with pytest.raises(NotAGGUF, match=said):
            read_gguf(write_gguf(tmp_path / "x.gguf", metadata=metadata))

    def test_a_vocabulary_alone(self, tmp_path: Path) -> None:
        entry = text("general.architecture") + U32.pack(STRING) + text("llama")
        with pytest.raises(NotAGGUF, match="vocabulary without weights"):
            read_gguf(put(tmp_path, header(entries=1) + entry))


class TestBombs:
    """Small files that claim to be large."""

    @pytest.mark.parametrize(
        "content",
        [
            header(entries=2**63),
            header(tensors=2**63),
            header(entries=90_000) + b"\0" * 1000,
            header(entries=1) + U64.pack(2**62) + b"k" * 100,
            header(entries=1) + text("k") + U32.pack(STRING) + U64.pack(2**62) + b"v" * 50,
            header(entries=1) + text("k") + U32.pack(ARRAY) + U32.pack(STRING) + U64.pack(2**60),
            header(entries=1) + text("k") + U32.pack(ARRAY) + U32.pack(UINT32) + U64.pack(2**60),
            header(entries=1) + text("k") + U32.pack(ARRAY) + U32.pack(ARRAY) + U64.pack(2**60),
            header(entries=1) + text("k") + U32.pack(99) + b"\0" * 100,
            header(tensors=1) + text("t") + U32.pack(2**31) + b"\0" * 100,
            header(tensors=1) + text("t") + U32.pack(2) + U64.pack(2**40) * 2 + b"\0" * 100,
        ],
    )
    def test_claims_are_refused_at_once(self, tmp_path: Path, content: bytes) -> None:
        start = time.process_time()
        with pytest.raises(NotAGGUF):
            read_gguf(put(tmp_path, content))
        assert time.process_time() - start < 1

    def test_a_header_without_end(self, tmp_path: Path) -> None:
        path = put(tmp_path, header(entries=1) + text("k") + U32.pack(STRING) + U64.pack(2**28))
        with path.open("r+b") as file:
            file.truncate(2**29)
        with pytest.raises(NotAGGUF, match="more than"):
            read_gguf(path)


class TestAnything:
    @given(content=st.binary(max_size=400))
    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_bytes_are_read_or_refused(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(NotAGGUF):
            read_gguf(put(tmp_path, header(entries=1, tensors=1) + content))

    @given(position=st.integers(0, 4000), value=st.integers(0, 255))
    @settings(
        max_examples=200,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_one_wrong_byte_is_survived(self, tmp_path: Path, position: int, value: int) -> None:
        content = bytearray(_small(tmp_path))
        content[position % len(content)] = value
        try:
            facts = read_gguf(put(tmp_path, bytes(content)))
        except NotAGGUF:
            return
        assert facts.weights_bytes >= 0


def _small(tmp_path: Path) -> bytes:
    path = tmp_path / "small.gguf"
    if not path.exists():
        write_gguf(path, weights_kb=1)
    return path.read_bytes()
