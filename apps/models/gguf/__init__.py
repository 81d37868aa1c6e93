"""The header of a GGUF file: what a model is, without touching its weights."""

from apps.models.gguf.facts import GGUFFacts, read_gguf
from apps.models.gguf.reader import NotAGGUF

__all__ = ["GGUFFacts", "NotAGGUF", "read_gguf"]
