"""What can go wrong with a download, as sentences: what happened and what to do."""

import http
import socket
import ssl
from urllib.parse import urlsplit

import httpx

from apps.models import store
from apps.models.fit import gigabytes

WAIT_AND_RETRY = "Retry: what is already here is kept."


class DownloadFailed(Exception):
    """It cannot work, or not now. `passing` says that trying again by itself may help."""

    def __init__(
        self, message: str, *, fix: str = "", passing: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.passing = passing
        self.wait = wait  # seconds the server asked for


def from_status(url: str, response: httpx.Response) -> DownloadFailed:
    """The problem behind an answer that is not the file."""
    host, status = host_of(url), response.status_code
    if status in {401, 403}:
        return DownloadFailed(
            f"{host} does not give this file to everybody (it answered {status}).",
            fix="Its publisher may ask to accept terms or sign in. Download it in a browser and "
            "import it by path or upload.",
        )
    if status in {404, 410}:
        return DownloadFailed(
            f"{host} has no such file (it answered {status}).",
            fix="Check the address; the file may have been renamed or removed.",
        )
    if status == 429 or status == 408 or status >= 500:
        return DownloadFailed(
            f"{host} cannot serve the file now (it answered {status} {_phrase(status)}).",
            fix=WAIT_AND_RETRY,
            passing=True,
            wait=_retry_after(response),
        )
    return DownloadFailed(
        f"{host} answered {status} {_phrase(status)} instead of the file.",
        fix="Open the address in a browser to see what it is.",
    )


def from_transport(url: str, error: httpx.HTTPError) -> DownloadFailed:
    """The problem behind a connection that failed or broke."""
    host, cause = host_of(url), _root(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return DownloadFailed(
            f"The certificate of {host} is not trusted: {cause.verify_message}.",
            fix="If your network inspects traffic, add its certificate authority to this "
            "machine's trust store; otherwise do not use this address.",
        )
    if isinstance(cause, ssl.SSLError):
        return DownloadFailed(
            f"{host} does not speak TLS as it should: {cause.reason or cause}.",
            fix="Check that the address begins with the right one of http:// and https://.",
        )
    if isinstance(cause, socket.gaierror):
        return unknown_host(host)
    if isinstance(error, httpx.TimeoutException):
        said = f"{host} stopped sending"
        if isinstance(error, httpx.ConnectTimeout):
            said = f"{host} does not answer"
        return DownloadFailed(f"{said}.", fix=WAIT_AND_RETRY, passing=True)
    if isinstance(cause, ConnectionRefusedError):
        said = f"Nothing answers at {host}: the connection was refused."
        return DownloadFailed(said, fix="Check the address and that the server runs.", passing=True)
    return DownloadFailed(f"The connection to {host} broke.", fix=WAIT_AND_RETRY, passing=True)


def unknown_host(host: str) -> DownloadFailed:
    return DownloadFailed(
        f"The name {host} cannot be found.",
        fix="Check the address and this machine's DNS; without internet, point "
        "HEARTH_MODEL_SOURCE at a mirror or import the file by path.",
        passing=True,
    )


def disk_full(needed: int) -> DownloadFailed:
    room = store.room_for_files()
    return DownloadFailed(
        f"The file needs {gigabytes(needed)} more and the disk has room for {gigabytes(room)}.",
        fix="Delete models that nobody uses, or move var/ to a larger disk. Retry goes on from "
        "what is already here.",
    )


def cannot_write(error: OSError, needed: int) -> DownloadFailed:
    if store.is_disk_full(error):
        return disk_full(needed)
    return DownloadFailed(
        f"The model store cannot be written: {error.strerror}.",
        fix=f"Check the permissions of {store.models_dir()} and whether its disk is read-only.",
    )


def host_of(url: str) -> str:
    return urlsplit(url).hostname or url


def _root(error: BaseException) -> BaseException:
    """The innermost cause: httpx wraps what the socket said."""
    inner = error.__cause__ or error.__context__
    return _root(inner) if inner is not None else error


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
