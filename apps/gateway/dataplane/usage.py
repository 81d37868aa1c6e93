"""What a request was and cost, and its words where its key keeps them, as they leave the gateway.

A record that is delivered twice is counted once, because its id is the key of its row.
"""

import os
import time

import msgspec

USAGE_STREAM = "hearth:gateway:usage"
BODIES_STREAM = "hearth:gateway:bodies"
USAGE_FIELD = "records"  # one JSON object per line, in both streams
_WORTH_SAYING = 0.5  # of the journal
SPOOLS_HASH = "hearth:gateway:spools"  # process → Spool, told about once a second


class UsageRecord(msgspec.Struct, omit_defaults=True):
    """One request. Times are in milliseconds, `at` in unix seconds."""

    id: str
    at: float
    team_id: int
    key_id: int | None = None
    user_id: int | None = None
    endpoint: str = ""
    model: str = ""
    route: str = ""
    deployment_id: int | None = None
    upstream_id: int | None = None
    replica_id: str | None = None
    served_by: str = ""
    node: str = ""
    status: int = 0  # 499: the client left
    error: str = ""
    streamed: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False  # the upstream gave no count: derived from what passed through
    queue_ms: float = 0.0
    connect_ms: float = 0.0
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    queue_position: int | None = None
    fallback_reason: str = ""
    capped_to: int | None = None  # output tokens, where the gateway lowered what was asked for
    address: str = ""  # of the client
    trace: str = ""  # JSON list of the decisions on the way, when there was more than one
    logged: bool = True  # False: counted, but never listed


class BodiesRecord(msgspec.Struct, omit_defaults=True):
    """What was asked and answered, encrypted; a part of it where it is long. Sizes are in bytes,
    and of the whole."""

    id: str
    at: float
    team_id: int
    sealed_request: str
    sealed_reply: str
    request_bytes: int
    reply_bytes: int


class Spool(msgspec.Struct):
    """How much one gateway process has not delivered yet, in bytes, and how many requests it could
    not write down since it began."""

    at: float
    waiting: int
    limit: int
    lost: int

    @property
    def problem(self) -> str:
        """What a person should know of it, as a sentence; empty when all is well."""
        if self.lost:
            return (
                f"{self.lost:,} requests were served and not counted: the journal of usage, "
                f"{self.limit / 1e6:,.0f} MB on disk, was full."
            )
        if self.waiting > self.limit * _WORTH_SAYING:
            return (
                f"The journal of usage is {self.waiting / self.limit:.0%} full "
                f"({self.waiting / 1e6:,.0f} of {self.limit / 1e6:,.0f} MB); when it is full, "
                "requests are served and not counted."
            )
        return ""


decode_record = msgspec.json.Decoder(UsageRecord).decode
decode_bodies = msgspec.json.Decoder(BodiesRecord).decode
decode_spool = msgspec.json.Decoder(Spool).decode


def new_id() -> str:
    """A UUID of version 7: random, and ordered by time."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
