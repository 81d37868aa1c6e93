"""What a gateway process is started with. Everything is passed in; nothing is read from outside."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GatewayConfig:
    """`decrypt` opens upstream keys from the snapshot; `ticket_secret` signs console tickets.

    Without `cache_file` a start needs Redis; without `spool_dir` usage waits in memory while Redis
    is away. Durations are in seconds.
    """

    redis_url: str
    decrypt: Callable[[str], str]
    ticket_secret: bytes
    encrypt: Callable[[str], str] | None = None  # without it nobody's words are kept
    cache_file: Path | None = None
    spool_dir: Path | None = None
    spool_bytes: int = 256 * 1024 * 1024
    stream_bytes: int = 256 * 1024 * 1024  # of Redis, for usage that no worker has taken
    body_bytes: int = 256 * 1024  # of a request and of a reply, where they are kept
    body_spool_bytes: int = 64 * 1024 * 1024  # on disk, and as much of Redis
    max_body_bytes: int = 32 * 1024 * 1024
    body_seconds: float = 30.0  # for a request body, and longer for a large one
    connect_seconds: float = 5.0
    first_byte_seconds: float = 600.0  # a long prompt on a slow machine takes its time
    attempt_seconds: float = 120.0  # until a stream begins, where a fallback for time-outs waits
    dwell_seconds: float = 1.0  # an endpoint that failed too often is left alone, at first
    probe_seconds: float = 5.0  # a probe of such an endpoint is given up
    silent_seconds: float = 60.0  # an endpoint that sends nothing to anybody is doubted
    quiet_seconds: float = 300.0  # between two pieces of a reply
    stall_seconds: float = 120.0  # a client that takes nothing for so long is let go
    return_seconds: float = 5.0  # waiting for a replica that has just gone away
    hold_seconds: float = 300.0  # waiting for a model to load
    hold_notice_seconds: float = 3.0  # between two signs of life while waiting
    limits_wait_seconds: float = 1.0  # for Redis to say whether a request fits
    limits_lease_seconds: float = 30.0  # what a process that died had reserved is free after that
    poll_seconds: float = 1.0
    flush_seconds: float = 0.25
