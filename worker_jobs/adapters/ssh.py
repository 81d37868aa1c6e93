"""A login on another machine: its host key, a session, a command. The only door to SSH.

Nothing here ever asks a question back: a host key is pinned before a credential leaves this
computer, and every wait has an end.

SshFailure
├── NameUnknown      the name leads to no address
├── Unreachable      no answer at all: off, elsewhere, or behind a firewall
├── Refused          the machine is there and nothing listens on that port
├── TimedOut         it listens and then says nothing
├── NotSsh           something answers that does not speak SSH
├── HostKeyChanged   it is not the machine whose key was confirmed
├── LoginRefused     it does not accept the credentials
└── SudoRefused      the account may not become root, or not with this password
"""

import base64
import hashlib
import io
import logging
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import paramiko

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 15.0
_LARGEST_OUTPUT = 8 * 1024 * 1024
_KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_SUDO_MARKS = ("is not in the sudoers file", "may not run sudo", "is not allowed to execute")
_WRONG_PASSWORD_MARKS = ("incorrect password", "no password was provided")

# Whatever it logs it raises as well, and here every failure gets its sentence.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class SshFailure(Exception):
    """`message` says what happened, `fix` what a person can do about it."""

    kind = "ssh"

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class NameUnknown(SshFailure):
    kind = "name_unknown"


class Unreachable(SshFailure):
    kind = "unreachable"


class Refused(SshFailure):
    kind = "refused"


class TimedOut(SshFailure):
    kind = "timed_out"


class NotSsh(SshFailure):
    kind = "not_ssh"


class HostKeyChanged(SshFailure):
    kind = "host_key_changed"


class LoginRefused(SshFailure):
    kind = "login_refused"


class SudoRefused(SshFailure):
    kind = "sudo_refused"


@dataclass(frozen=True)
class HostKey:
    """What a machine proves itself with. `blob`: the public key in base64, as in known_hosts."""

    kind: str
    blob: str

    @property
    def fingerprint(self) -> str:
        """`SHA256:…`, as `ssh-keygen -l` prints it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def known_hosts_line(self, address: str, port: int = 22) -> str:
        name = address if port == 22 else f"[{address}]:{port}"
        return f"{name} {self.kind} {self.blob}"


@dataclass(frozen=True)
class Login:
    """Who signs in, with a password or a private key in PEM or OpenSSH's form."""

    user: str
    password: str = ""
    private_key: str = ""
    passphrase: str = ""

    def __repr__(self) -> str:
        return f"Login(user={self.user!r})"  # the rest must never reach a log


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    status: int
    output: str
    complaint: str


class Session:
    """A machine one is signed in to."""

    def __init__(self, transport: paramiko.Transport, name: str) -> None:
        self._transport = transport
        self._name = name

    def run(self, command: str, *, give: str = "", within: float = ANSWER_SECONDS) -> Answer:
        """Run a command line in the account's shell. Raises TimedOut, Unreachable."""
        try:
            channel = self._transport.open_session(timeout=within)
            channel.exec_command(command)
            if give:
                channel.sendall(give.encode())
            channel.shutdown_write()
            return self._collect(channel, time.monotonic() + within)
        except (EOFError, OSError, paramiko.SSHException) as problem:
            raise Unreachable(
                f"The connection to {self._name} was lost: {problem or 'it was closed'}.",
                "Look at its power and network, then try again.",
            ) from problem

    def run_as_root(
        self, command: str, *, sudo_password: str = "", within: float = ANSWER_SECONDS
    ) -> Answer:
        """The same through sudo, which must not ask twice. Raises SudoRefused too."""
        # `-S` reads the password from standard input: it never stands in a list of processes.
        answer = self.run(f"sudo -S -p '' -- {command}", give=f"{sudo_password}\n", within=within)
        if answer.status == 0:
            return answer
        if any(mark in answer.complaint for mark in _SUDO_MARKS):
            raise SudoRefused(
                f"The account on {self._name} may not use sudo.",
                "Give it sudo on that machine, or use an account that has it.",
            )
        if any(mark in answer.complaint for mark in _WRONG_PASSWORD_MARKS):
            raise SudoRefused(
                f"sudo on {self._name} did not accept the password.",
                "Enter the sudo password of that account.",
            )
        return answer

    def _collect(self, channel: paramiko.Channel, until: float) -> Answer:
        output, complaint = bytearray(), bytearray()
        with channel:
            while True:
                took = _take(channel, output, complaint)
                # The status may overtake the last of the output; the end of the output does not.
                ended = channel.eof_received and channel.exit_status_ready()
                if not took and (ended or channel.closed):
                    while _take(channel, output, complaint):
                        continue
                    break
                left = until - time.monotonic()
                if left <= 0:
                    raise TimedOut(
                        f"A command on {self._name} did not end in time.",
                        "Look at the load of that machine, then try again.",
                    )
                if not took:
                    select.select([channel], [], [], min(left, 0.5))
            status = channel.recv_exit_status()
        return Answer(status, output.decode(errors="replace"), complaint.decode(errors="replace"))


def _take(channel: paramiko.Channel, output: bytearray, complaint: bytearray) -> bool:
    took = False
    if channel.recv_ready():
        part = channel.recv(65536)
        output += part[: _LARGEST_OUTPUT - len(output)]
        took = bool(part)
    if channel.recv_stderr_ready():
        part = channel.recv_stderr(65536)
        complaint += part[: _LARGEST_OUTPUT - len(complaint)]
        took = took or bool(part)
    return took


def read_host_key(
    address: str, port: int = 22, *, via: Session | None = None, within: float = CONNECT_SECONDS
) -> HostKey:
    """The key a machine shows to everybody. No credential is sent. Raises SshFailure."""
    with _transport(address, port, via=via, kind=None, within=within) as transport:
        return _shown_key(transport)


@contextmanager
def signed_in(
    address: str,
    login: Login,
    *,
    host_key: HostKey,
    port: int = 22,
    via: Session | None = None,
    within: float = CONNECT_SECONDS,
) -> Iterator[Session]:
    """A session on the machine that has this host key, and on no other. Raises SshFailure."""
    with _transport(address, port, via=via, kind=host_key.kind, within=within) as transport:
        shown = _shown_key(transport)
        if shown != host_key:
            raise HostKeyChanged(
                f"{address} shows the host key {shown.fingerprint}, not {host_key.fingerprint} "
                "as it was confirmed. Nothing was sent to it.",
                "If the machine was installed anew, compare and trust its new key. If it was not, "
                "something else answers at its address.",
            )
        _sign_in(transport, address, login)
        yield Session(transport, address)


@contextmanager
def _transport(
    address: str, port: int, *, via: Session | None, kind: str | None, within: float
) -> Iterator[paramiko.Transport]:
    wire = _wire(address, port, via, within)
    transport = paramiko.Transport(wire)
    transport.banner_timeout = transport.auth_timeout = within
    if kind is not None:
        transport.get_security_options().key_types = _signatures(kind)
    try:
        try:
            transport.start_client(timeout=within)
        except (paramiko.SSHException, EOFError, OSError) as problem:
            raise _no_agreement(address, port, problem, kind) from problem
        if not transport.initial_kex_done:  # the library gives up in silence
            raise _no_agreement(address, port, TimeoutError(), kind)
        yield transport
    finally:
        transport.close()
        wire.close()


def _wire(address: str, port: int, via: Session | None, within: float) -> Any:
    if via is not None:
        try:
            return via._transport.open_channel(
                "direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=within
            )
        except (paramiko.SSHException, EOFError, OSError) as problem:
            raise Unreachable(
                f"{via._name} cannot reach {address} on port {port}: {problem}.",
                "Check the address as that machine sees it.",
            ) from problem
    try:
        return socket.create_connection((address, port), timeout=within)
    except socket.gaierror as problem:
        raise NameUnknown(
            f"The name {address} leads to no address.", "Correct it, or use the IP address."
        ) from problem
    except ConnectionRefusedError as problem:
        raise Refused(
            f"{address} is there, but nothing listens on port {port}.",
            "Start the SSH server on it, or correct the port.",
        ) from problem
    except OSError as problem:
        raise Unreachable(
            f"{address} does not answer on port {port}: {problem.strerror or 'no reply'}.",
            "Check that it is switched on, its cable and address, and firewalls in between.",
        ) from problem


def _no_agreement(address: str, port: int, problem: Exception, kind: str | None) -> SshFailure:
    said = str(problem)
    if kind is not None and "no acceptable host key" in said.lower():
        return HostKeyChanged(
            f"{address} no longer has a host key of the kind {kind}. Nothing was sent to it.",
            "If the machine was installed anew, compare and trust its new key.",
        )
    if isinstance(problem, TimeoutError) or "timeout" in said.lower() or "Timed out" in said:
        return TimedOut(
            f"{address} accepts connections on port {port} and then says nothing.",
            "It may be overloaded or short of memory; look at its screen.",
        )
    if isinstance(problem, EOFError) or "banner" in said.lower():
        return NotSsh(
            f"What answers at {address} on port {port} does not speak SSH, or hung up.",
            "Correct the port, or look whether the machine limits who may connect.",
        )
    return NotSsh(
        f"{address} and Hearth could not agree on how to speak SSH: {said}.",
        "Update the SSH server of that machine.",
    )


def _shown_key(transport: paramiko.Transport) -> HostKey:
    key = transport.get_remote_server_key()
    return HostKey(kind=key.get_name(), blob=key.get_base64())


def _signatures(kind: str) -> tuple[str, ...]:
    """How a key of this kind signs: an RSA key does so in more ways than its name says."""
    return ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)


def _sign_in(transport: paramiko.Transport, address: str, login: Login) -> None:
    try:
        if login.private_key:
            key = read_private_key(login.private_key, login.passphrase)
            transport.auth_publickey(login.user, key)
        else:
            transport.auth_password(login.user, login.password)
    except paramiko.BadAuthenticationType as problem:
        accepted = " or ".join(problem.allowed_types)
        used = "a key" if login.private_key else "a password"
        raise LoginRefused(
            f"{address} does not take {used} from {login.user}; it takes {accepted}.",
            "Choose the other way to sign in.",
        ) from problem
    except paramiko.AuthenticationException as problem:
        used = "key" if login.private_key else "password"
        raise LoginRefused(
            f"{address} did not accept the {used} of {login.user}.",
            "Correct the user or the credentials; sign in by hand to be sure of them.",
        ) from problem
    except (paramiko.SSHException, EOFError, OSError) as problem:
        raise TimedOut(
            f"{address} broke off while signing in: {problem or 'it hung up'}.", "Try again."
        ) from problem


def read_private_key(text: str, passphrase: str = "") -> paramiko.PKey:
    """Raises LoginRefused for what is no private key, or stays closed with this passphrase."""
    for kind in _KEY_CLASSES:
        try:
            return kind.from_private_key(io.StringIO(text), password=passphrase or None)
        except paramiko.PasswordRequiredException as problem:
            raise LoginRefused(
                "The private key is protected by a passphrase.", "Enter its passphrase."
            ) from problem
        except (paramiko.SSHException, ValueError):
            continue
    raise LoginRefused(
        "This is not a private key Hearth can read, or the passphrase is wrong.",
        "Paste the whole key, from BEGIN to END, of the kind Ed25519, ECDSA or RSA.",
    )
