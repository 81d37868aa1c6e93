"""GGUF models of any size with random weights: they load, take memory and time, and talk nonsense.

    python -m benchmarks.models.random_models OUT.gguf --width 768 --layers 12 --quant q8_0

The tokenizer is the built-in model's, padded with unused tokens to the wanted vocabulary.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

BUILT_IN = Path(__file__).resolve().parents[2] / "stack" / "assets" / "opsling-q8_0.gguf"
FILE_TYPES = {
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    "q4_0": gguf.LlamaFileType.MOSTLY_Q4_0,
}
CONV_WINDOW = 3


@dataclass(frozen=True)
class Figures:
    """The shape of a model. `conv_layers` of the first layers are short convolutions (lfm2)."""

    width: int = 768
    layers: int = 12
    heads: int = 12
    heads_kv: int = 4
    feed_forward: int = 2048
    vocabulary: int = 1024
    context: int = 8192
    quant: str = "q8_0"
    conv_layers: int = 0

    @property
    def architecture(self) -> str:
        return "lfm2" if self.conv_layers else "llama"


def write_random_model(path: Path, figures: Figures, *, seed: int = 0) -> Path:
    """Write the model; a few seconds per hundred million weights."""
    writer = gguf.GGUFWriter(str(path), figures.architecture)
    _write_figures(writer, figures)
    _write_tokenizer(writer, figures.vocabulary)
    _Weights(writer, figures, np.random.default_rng(seed)).write()
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_figures(writer: gguf.GGUFWriter, figures: Figures) -> None:
    writer.add_name(f"random-{figures.width}x{figures.layers}")
    writer.add_file_type(FILE_TYPES[figures.quant])
    writer.add_vocab_size(figures.vocabulary)
    writer.add_context_length(figures.context)
    writer.add_embedding_length(figures.width)
    writer.add_block_count(figures.layers)
    writer.add_feed_forward_length(figures.feed_forward)
    writer.add_head_count(figures.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    if figures.conv_layers:
        writer.add_head_count_kv(
            [0 if _is_conv(figures, layer) else figures.heads_kv for layer in range(figures.layers)]
        )
        writer.add_uint32("lfm2.shortconv.l_cache", CONV_WINDOW)
    else:
        writer.add_head_count_kv(figures.heads_kv)
        writer.add_rope_dimension_count(figures.width // figures.heads)


def _write_tokenizer(writer: gguf.GGUFWriter, vocabulary: int) -> None:
    built_in = gguf.GGUFReader(str(BUILT_IN))

    def contents(name: str) -> list[Any]:
        return list(built_in.fields[f"tokenizer.ggml.{name}"].contents())

    tokens, types = contents("tokens"), contents("token_type")
    unused = vocabulary - len(tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens + [f"<|unused_{number}|>" for number in range(unused)])
    writer.add_token_types(types + [int(gguf.TokenType.UNUSED)] * unused)
    # As many merges as a real vocabulary has: the server keeps them all.
    writer.add_token_merges(contents("merges") + [f"<|un used_{n}|>" for n in range(unused)])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_bool("tokenizer.ggml.add_bos_token", val=False)
    writer.add_chat_template(built_in.fields["tokenizer.chat_template"].contents())


class _Weights:
    def __init__(
        self, writer: gguf.GGUFWriter, figures: Figures, random: np.random.Generator
    ) -> None:
        self.writer, self.figures, self.random = writer, figures, random
        self.kind = gguf.GGMLQuantizationType[figures.quant.upper()]

    def write(self) -> None:
        figures, width = self.figures, self.figures.width
        self.matrix("token_embd", figures.vocabulary, width)
        self.ones("token_embd_norm" if figures.conv_layers else "output_norm", width)
        for layer in range(figures.layers):
            name = f"blk.{layer}."
            self.ones(f"{name}attn_norm", width)
            self.ones(f"{name}ffn_norm", width)
            if _is_conv(figures, layer):
                self.convolution(name)
            else:
                self.attention(name)
            self.matrix(f"{name}ffn_gate", figures.feed_forward, width)
            self.matrix(f"{name}ffn_up", figures.feed_forward, width)
            self.matrix(f"{name}ffn_down", width, figures.feed_forward)

    def attention(self, name: str) -> None:
        width, head = self.figures.width, self.figures.width // self.figures.heads
        self.matrix(f"{name}attn_q", width, width)
        self.matrix(f"{name}attn_k", self.figures.heads_kv * head, width)
        self.matrix(f"{name}attn_v", self.figures.heads_kv * head, width)
        self.matrix(f"{name}attn_output", width, width)
        if self.figures.conv_layers:
            self.ones(f"{name}attn_q_norm", head)
            self.ones(f"{name}attn_k_norm", head)

    def convolution(self, name: str) -> None:
        width = self.figures.width
        window = self.random.standard_normal((width, CONV_WINDOW), dtype=np.float32)
        self.writer.add_tensor(f"{name}shortconv.conv.weight", window)
        self.matrix(f"{name}shortconv.in_proj", 3 * width, width)
        self.matrix(f"{name}shortconv.out_proj", width, width)

    def matrix(self, name: str, rows: int, columns: int) -> None:
        numbers = self.random.standard_normal((rows, columns), dtype=np.float32)
        packed = gguf.quants.quantize(numbers * columns**-0.5, self.kind)
        self.writer.add_tensor(f"{name}.weight", packed, raw_dtype=self.kind)

    def ones(self, name: str, length: int) -> None:
        self.writer.add_tensor(f"{name}.weight", np.ones(length, np.float32))


def _is_conv(figures: Figures, layer: int) -> bool:
    return layer < figures.conv_layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    for name, value in vars(Figures()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    given = vars(parser.parse_args())
    path = write_random_model(given.pop("out"), Figures(**given))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
