"""Where model files lie: blobs named by their SHA-256, written aside and moved into place whole.

    blobs/sha256-<hex>        complete, verified, read-only
    seals/sha256-<hex>        how the blob looked when it was last read in full
    partial/<name>.part       on the way; `<name>.json` says what is known about it
    quarantine/sha256-<hex>   failed a later check; never served, kept for a look

Nothing here asks the database: who needs which blob is the caller's knowledge.
"""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

KEEP_FREE_BYTES = 512 * 2**20  # the database and the logs live on the same disk


def models_dir() -> Path:
    return Path(settings.MODELS_DIR)


def blob_path(sha256: str) -> Path:
    """Where a model's file lies once it is verified; also where servers read it from."""
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise ValueError(f"not a SHA-256: {sha256!r}")
    return models_dir() / "blobs" / f"sha256-{sha256}"


def has_blob(sha256: str) -> bool:
    return bool(sha256) and blob_path(sha256).is_file()


def partial_path(name: str) -> Path:
    return _folder("partial") / f"{name}.part"


def read_notes(name: str) -> dict[str, Any]:
    """What an earlier attempt noted about a partial file; {} when there is nothing to go by."""
    try:
        notes = json.loads((_folder("partial") / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def write_notes(name: str, notes: dict[str, Any]) -> None:
    """Replace the notes in one step, so that a crash leaves the old or the new ones."""
    path = _folder("partial") / f"{name}.json"
    aside = path.with_suffix(".json.new")
    with aside.open("w") as file:
        json.dump(notes, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def forget_partial(name: str) -> None:
    for suffix in (".part", ".json", ".json.new"):
        (_folder("partial") / f"{name}{suffix}").unlink(missing_ok=True)


def adopt_upload(upload: "UploadedFile[Any]", *, name: str) -> None:
    """Make a file that was sent the partial file of that name. It moves when it lies on the same
    disk, which is where the settings put uploads."""
    path = partial_path(name)
    if hasattr(upload, "temporary_file_path"):
        shutil.move(upload.temporary_file_path(), path)
        return
    with path.open("wb") as file:
        for chunk in upload.chunks():
            file.write(chunk)


def flush(path: Path) -> None:
    """Have the file on the disk itself, not only in memory. This may take a while."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def keep_blob(part: Path, *, sha256: str) -> Path:
    """Move a complete file to its place under its hash, durably. A blob that is already there gives
    way: it says that it is the same file, and this one has just been read."""
    path = blob_path(sha256)
    _folder("blobs")
    flush(part)
    part.chmod(0o444)
    part.replace(path)
    _sync_folder(path.parent)
    seal_blob(sha256)
    return path


def seal_blob(sha256: str) -> None:
    """Note how the blob looks now that it has been read in full."""
    (_folder("seals") / blob_path(sha256).name).write_text(_look(blob_path(sha256)))


def is_sealed(sha256: str) -> bool:
    """Whether nobody has written to the blob since it was last read in full. A change of the disk
    itself goes unnoticed here; for that files are read again now and then."""
    try:
        noted = (_folder("seals") / blob_path(sha256).name).read_text()
        return noted == _look(blob_path(sha256))
    except FileNotFoundError:
        return False


def _look(path: Path) -> str:
    seen = path.stat()
    return f"{seen.st_ino} {seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}"


def quarantine_blob(sha256: str) -> Path | None:
    """Take a blob out of use; where it went, or None when it is not there."""
    path = blob_path(sha256)
    if not path.exists():
        return None
    target = _folder("quarantine") / path.name
    path.replace(target)
    (_folder("seals") / path.name).unlink(missing_ok=True)
    _sync_folder(path.parent)
    return target


def delete_blob(sha256: str) -> int:
    """Remove a blob that nobody needs; the bytes freed."""
    path = blob_path(sha256)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return 0
    path.unlink()
    (_folder("seals") / path.name).unlink(missing_ok=True)
    return size


def list_blob_times() -> dict[str, float]:
    """Every blob's SHA-256 with the time it was put there, in seconds since 1970."""
    return {
        path.name.removeprefix("sha256-"): path.stat().st_ctime
        for path in _folder("blobs").glob("sha256-*")
    }


def list_partials() -> dict[str, float]:
    """Every partial file's name with the time it was last written, in seconds since 1970."""
    return {path.stem: path.stat().st_mtime for path in _folder("partial").glob("*.part")}


def list_quarantined() -> dict[Path, float]:
    """Files out of use, with the time they came there, in seconds since 1970."""
    return {path: path.stat().st_ctime for path in _folder("quarantine").glob("sha256-*")}


def room_for_files() -> int:
    """Bytes that may still be written without starving the rest of Hearth."""
    return max(0, shutil.disk_usage(_folder("partial")).free - KEEP_FREE_BYTES)


def is_disk_full(error: OSError) -> bool:
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _folder(name: str) -> Path:
    folder = models_dir() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
