"""Reading the header of a GGUF file: never its weights, never more than a header may take.

The layout is the one of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and
3, little-endian). The `gguf` package supplies names and block sizes of quantisations; its own
reader maps the whole file and turns every token of the vocabulary into arrays, which takes seconds
and hundreds of megabytes where this takes a fraction, and it trusts the counts it reads.
"""

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_HEADER_BYTES = 64 * 2**20  # a vocabulary of 256,000 tokens takes 12
MAX_METADATA = 100_000
MAX_TENSORS = 1_000_000
MAX_ARRAY_KEPT = 4_096  # per-layer lists are kept, vocabularies only counted
MAX_TEXT_KEPT = 256 * 1024
MAX_KEY = 65_535  # the limit of the specification
MAX_NAME = 64 * 4
MAX_DIMENSIONS = 8
MAX_ELEMENTS = 1 << 50  # beyond any model: larger products are nonsense, not sizes

_SCALARS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_STRING, _ARRAY = 8, 9
_U32, _U64 = _SCALARS[4], _SCALARS[10]

# What people send instead of a GGUF, by how it begins.
_LOOKALIKES = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file it points to"),
    (b"PK\x03\x04", "a zip archive or a PyTorch checkpoint"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"lmgg", "a ggml file from before GGUF"),
    (b"tjgg", "a ggml file from before GGUF"),
    (b"fmgg", "a ggml file from before GGUF"),
    (b"<", "a web page"),
    (b"{", "a JSON text"),
)


class NotAGGUF(ValueError):
    """The file is not a GGUF model that can be served; the message says why."""


@dataclass(frozen=True)
class Tensor:
    name: str
    elements: int
    type_number: int
    offset: int


class Reader:
    """Reads forward and never beyond the end of the file or of what a header may take."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._end = min(size, MAX_HEADER_BYTES)
        self._size = size
        self.position = 0

    def bytes(self, count: int) -> bytes:
        self._need(count)
        found = self._file.read(count)
        if len(found) != count:
            raise NotAGGUF("The file got shorter while it was read.")
        self.position += count
        return found

    def skip(self, count: int) -> None:
        self._need(count)
        self._file.seek(count, 1)
        self.position += count

    def rewind_to(self, position: int) -> None:
        self._file.seek(position)
        self.position = position

    def number(self, layout: struct.Struct) -> Any:
        return layout.unpack(self.bytes(layout.size))[0]

    def u32(self) -> int:
        return int(self.number(_U32))

    def u64(self) -> int:
        return int(self.number(_U64))

    def text(self, longest: int) -> str:
        """A string; "" in place of one that is longer than `longest`."""
        length = self.u64()
        if length > longest:
            self.skip(length)
            return ""
        return self.bytes(length).decode("utf-8", "replace")

    def left(self) -> int:
        return self._end - self.position

    def _need(self, count: int) -> None:
        if count <= self.left():
            return
        if self._end < self._size:
            raise NotAGGUF(f"Its header claims more than {MAX_HEADER_BYTES // 2**20} MB.")
        raise NotAGGUF("The file ends in the middle of its header: it is not complete.")


def read_header(reader: Reader) -> tuple[dict[str, Any], list[Tensor]]:
    _check_magic(reader)
    tensor_count, metadata_count = reader.u64(), reader.u64()
    # The smallest entries: a key of one letter with one byte, a tensor of one letter and dimension.
    if metadata_count > min(MAX_METADATA, reader.left() // 14 + 1):
        raise NotAGGUF(f"Its header claims {metadata_count:,} entries, which cannot be.")
    if tensor_count > min(MAX_TENSORS, reader.left() // 33 + 1):
        raise NotAGGUF(f"Its header claims {tensor_count:,} tensors, which cannot be.")
    metadata: dict[str, Any] = {}
    for _ in range(metadata_count):
        key = reader.text(MAX_KEY)
        metadata[key] = _value(reader, reader.u32())
    return metadata, [_tensor(reader) for _ in range(tensor_count)]


def _check_magic(reader: Reader) -> None:
    if reader.left() == 0:
        raise NotAGGUF("The file is empty.")
    start = reader.bytes(min(64, reader.left()))
    if not start.startswith(MAGIC):
        raise NotAGGUF(f"The file is not a GGUF: {_lookalike(start)}.")
    reader.rewind_to(len(MAGIC))
    version = reader.u32()
    if version in VERSIONS:
        return
    if struct.unpack(">I", struct.pack("<I", version))[0] in VERSIONS:
        raise NotAGGUF("It is a big-endian GGUF, which this machine cannot load.")
    raise NotAGGUF(f"It is a GGUF of version {version}; versions 2 and 3 can be loaded.")


def _lookalike(start: bytes) -> str:
    text = start.lstrip()
    for mark, name in _LOOKALIKES:
        if text.startswith(mark):
            return f"it is {name}"
    if len(start) > 9 and start[8:9] == b"{":
        return "it is a safetensors file, which has to be converted first"
    return "it does not begin with the letters GGUF"


def _value(reader: Reader, kind: int) -> Any:
    if kind == _STRING:
        return reader.text(MAX_TEXT_KEPT)
    if kind == _ARRAY:
        return _array(reader)
    if kind not in _SCALARS:
        raise NotAGGUF(f"Its header holds a value of an unknown kind ({kind}).")
    return reader.number(_SCALARS[kind])


@dataclass(frozen=True)
class Counted:
    """A list that was too long to keep: only its length matters."""

    length: int


def _array(reader: Reader) -> list[Any] | Counted:
    kind, length = reader.u32(), reader.u64()
    if kind == _STRING:
        if length > reader.left() // 8:
            raise NotAGGUF("Its header claims a list that is longer than the file.")
        for _ in range(length):
            reader.skip(reader.u64())
        return Counted(length)
    if kind not in _SCALARS:
        raise NotAGGUF(f"Its header holds a list of an unknown kind ({kind}).")
    layout = _SCALARS[kind]
    if length > MAX_ARRAY_KEPT:
        reader.skip(length * layout.size)
        return Counted(length)
    raw = reader.bytes(length * layout.size)
    return [value for (value,) in layout.iter_unpack(raw)]


def _tensor(reader: Reader) -> Tensor:
    name = reader.text(MAX_NAME)
    dimensions = reader.u32()
    if dimensions > MAX_DIMENSIONS:
        raise NotAGGUF(f"Its header claims a tensor of {dimensions:,} dimensions.")
    elements = 1
    for _ in range(dimensions):
        elements *= reader.u64()
        if elements > MAX_ELEMENTS:
            raise NotAGGUF("Its header claims a tensor larger than any model.")
    return Tensor(name, elements, reader.u32(), reader.u64())


def aligned(position: int, alignment: Any) -> int:
    if not isinstance(alignment, int) or alignment < 1 or alignment > 2**20:
        raise NotAGGUF("Its header claims an alignment that cannot be.")
    return -(-position // alignment) * alignment
