"""Small files of /proc and /sys that a container or chroot may hide."""

from pathlib import Path


def read_text(path: Path | str) -> str:
    """The stripped text, or "" when the file is not there or not for us."""
    try:
        return Path(path).read_text(errors="replace").strip("\x00\n ")
    except OSError:
        return ""


def read_int(path: Path | str) -> int | None:
    text = read_text(path)
    return int(text) if text.removeprefix("-").isdigit() else None
