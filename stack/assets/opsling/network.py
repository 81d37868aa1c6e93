"""A llama-architecture network whose weights carry the names GGUF gives them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_EPSILON = 1e-5
ROPE_BASE = 10_000.0


@dataclass(frozen=True)
class Shape:
    """Sizes of one network; `width` must divide by `heads`, `heads` by `kv_heads`."""

    vocabulary: int
    width: int = 160
    blocks: int = 5
    heads: int = 5
    kv_heads: int = 1
    feed_forward: int = 448
    context: int = 1024

    @property
    def head_width(self) -> int:
        return self.width // self.heads


class Norm(nn.Module):
    """RMS normalisation, https://arxiv.org/abs/1910.07467."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight, NORM_EPSILON)


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Rotary positions over neighbouring pairs, https://arxiv.org/abs/2104.09864.

    llama.cpp rotates neighbouring pairs for this architecture, so no weight is permuted on export.
    """
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = (even * cosines - odd * sines, even * sines + odd * cosines)
    return torch.stack(turned, dim=-1).flatten(-2)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, keys = shape.width, shape.kv_heads * shape.head_width
        self.attn_norm, self.ffn_norm = Norm(width), Norm(width)
        self.attn_q = nn.Linear(width, width, bias=False)
        self.attn_k = nn.Linear(width, keys, bias=False)
        self.attn_v = nn.Linear(width, keys, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_gate = nn.Linear(width, shape.feed_forward, bias=False)
        self.ffn_up = nn.Linear(width, shape.feed_forward, bias=False)
        self.ffn_down = nn.Linear(shape.feed_forward, width, bias=False)

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        x = x + self._attend(self.attn_norm(x), cosines, sines)
        h = self.ffn_norm(x)
        fed: Tensor = self.ffn_down(functional.silu(self.ffn_gate(h)) * self.ffn_up(h))
        return x + fed

    def _attend(self, h: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        rows, tokens, _ = h.shape
        shape = self.shape

        def by_head(projected: Tensor, heads: int) -> Tensor:
            return projected.view(rows, tokens, heads, shape.head_width).transpose(1, 2)

        q = rotate(by_head(self.attn_q(h), shape.heads), cosines, sines)
        k = rotate(by_head(self.attn_k(h), shape.kv_heads), cosines, sines)
        v = by_head(self.attn_v(h), shape.kv_heads)
        share = shape.heads // shape.kv_heads
        attended = functional.scaled_dot_product_attention(
            q, k.repeat_interleave(share, 1), v.repeat_interleave(share, 1), is_causal=True
        )
        out: Tensor = self.attn_output(attended.transpose(1, 2).reshape(rows, tokens, -1))
        return out


class Network(nn.Module):
    """Token ids (rows, tokens) to logits (rows, tokens, vocabulary); the embedding is tied."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.output_norm = Norm(shape.width)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                spread = 0.02 if name.startswith("token_embd") else 0.7 * weight.shape[1] ** -0.5
                nn.init.normal_(weight, 0.0, spread)
        steps = torch.arange(0, shape.head_width, 2) / shape.head_width
        angles = torch.outer(torch.arange(shape.context), ROPE_BASE**-steps)
        self.cosines, self.sines = angles.cos(), angles.sin()

    def forward(self, ids: Tensor) -> Tensor:
        x = self.token_embd(ids)
        tokens = ids.shape[1]
        for block in self.blk:
            x = block(x, self.cosines[:tokens], self.sines[:tokens])
        logits: Tensor = self.output_norm(x) @ self.token_embd.weight.T
        return logits
