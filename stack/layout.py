"""Where everything lives under `var/`, and the short folders for unix sockets."""

import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stack.problem import Problem, from_os_error

CHECKOUT = Path(__file__).resolve().parent.parent

# sun_path holds 108 bytes with its closing zero; the longest name we put in a folder is
# `.s.PGSQL.5432.lock`.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")

# Not the temporary folder of the environment: that may itself be long. Checked before use.
SHORT_PARENT = Path("/tmp")  # noqa: S108

PRIVATE = 0o700
# Started by root, Postgres runs as another user and has to walk through `var/` to its own folder.
PASSABLE = 0o711


@dataclass(frozen=True)
class Layout:
    """Absolute paths of one installation's state."""

    var: Path

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def postgres(self) -> Path:
        return self.var / "pg"

    @property
    def redis(self) -> Path:
        return self.var / "redis"

    @property
    def replicas(self) -> Path:
        return self.var / "replicas"

    @property
    def libraries(self) -> Path:
        return self.var / "lib"

    @property
    def secret_key(self) -> Path:
        return self.var / "secret.key"

    @property
    def first_run(self) -> Path:
        return self.var / "first-run.env"

    @property
    def short_folder(self) -> Path:
        """A folder with a short, stable name, for sockets whose usual path would be too long."""
        mark = hashlib.sha256(str(self.var).encode()).hexdigest()[:12]
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        if runtime and len(runtime) < 40 and os.access(runtime, os.W_OK):
            return Path(runtime) / f"hearth-{mark}"
        return SHORT_PARENT / f"hearth-{os.geteuid()}-{mark}"

    def socket_folder(self, usual: Path, name: str) -> Path:
        """`usual`, or the folder `name` under the short one when sockets would not fit there."""
        if len(os.fsencode(usual)) <= LONGEST_SOCKET_FOLDER:
            return usual
        return self.short_folder / name


def find_layout() -> Layout:
    """The state folder the environment asks for; `var/` in the checkout by default."""
    chosen = os.environ.get("HEARTH_VAR", "")
    var = Path(chosen).expanduser() if chosen else CHECKOUT / "var"
    return Layout(var=Path(os.path.abspath(var)))


def prepare(layout: Layout) -> None:
    """Make the folders and the secret key. Raises Problem when `var/` cannot be written."""
    outer = PASSABLE if os.geteuid() == 0 else PRIVATE
    try:
        layout.var.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(layout.var)
        layout.var.chmod(outer)
        for folder in (layout.log, layout.run, layout.redis, layout.replicas):
            make_private(folder)
        if layout.socket_folder(layout.run, "run") != layout.run:
            make_private(layout.short_folder, mode=outer)
            make_private(layout.socket_folder(layout.run, "run"))
        _make_secret_key(layout.secret_key)
    except OSError as error:
        raise from_os_error(error, error.filename or layout.var) from error


def make_private(folder: Path, mode: int = PRIVATE) -> None:
    """Make a folder of our own; refuses a link or a folder that belongs to somebody else."""
    folder.mkdir(mode=mode, exist_ok=True)
    _refuse_foreign(folder)
    folder.chmod(mode)


def remove_state(layout: Layout) -> None:
    """Delete everything under `var/` and the short socket folder. Raises Problem."""
    for folder in (layout.var, layout.short_folder):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise from_os_error(error, error.filename or folder) from error


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file as a whole, so that a reader or a power cut never sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _refuse_foreign(folder: Path) -> None:
    found = folder.lstat()
    if folder == folder.parent or (stat.S_ISLNK(found.st_mode) and not folder.is_dir()):
        raise Problem(f"{folder} is not a folder.")
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        raise Problem(
            f"{folder} belongs to another user (id {found.st_uid}).",
            "Start Hearth as that user, or point HEARTH_VAR at a folder of your own.",
        )


def _make_secret_key(path: Path) -> None:
    if path.exists() and path.stat().st_size > 0:
        return
    write_atomically(path, secrets.token_urlsafe(48) + "\n")
