"""Signing in to real machines, and what is said when that does not work."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.base import KEY, PASSWORD, PERSON
from tests.rig.rig import Rig
from worker_jobs.adapters import ssh

BY_PASSWORD = ssh.Login(PERSON, password=PASSWORD)


def by_key() -> ssh.Login:
    return ssh.Login(PERSON, private_key=KEY.read_text())


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


class TestWithoutAMachine:
    def test_a_name_that_leads_nowhere(self) -> None:
        with pytest.raises(ssh.NameUnknown, match="no address"):
            ssh.read_host_key("nowhere.invalid")

    def test_a_port_nobody_listens_on(self, listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        listener.close()
        with pytest.raises(ssh.Refused, match=f"port {port}"):
            ssh.read_host_key("127.0.0.1", port)

    def test_one_that_says_nothing(self, listener: socket.socket) -> None:
        with pytest.raises(ssh.TimedOut, match="then says nothing"):
            ssh.read_host_key("127.0.0.1", listener.getsockname()[1], within=0.5)

    def test_one_that_speaks_something_else(self, listener: socket.socket) -> None:
        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ssh.NotSsh, match="does not speak SSH"):
            ssh.read_host_key("127.0.0.1", listener.getsockname()[1], within=3)

    def test_a_login_never_shows_its_secrets(self) -> None:
        login = ssh.Login("ada", password="open", private_key="sesame", passphrase="please")
        assert not any(word in f"{login!r} {login}" for word in ("open", "sesame", "please"))

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
    def test_private_keys_with_and_without_their_passphrase(
        self, tmp_path: Path, kind: str
    ) -> None:
        file = tmp_path / "key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", kind, "-N", "frühling", "-f", str(file)], check=True
        )
        text = file.read_text()
        assert ssh.read_private_key(text, "frühling").get_name()
        with pytest.raises(ssh.LoginRefused, match="protected by a passphrase"):
            ssh.read_private_key(text)
        with pytest.raises(ssh.LoginRefused, match="passphrase is wrong"):
            ssh.read_private_key(text, "herbst")

    def test_what_is_no_key(self) -> None:
        with pytest.raises(ssh.LoginRefused, match="not a private key"):
            ssh.read_private_key("ssh-ed25519 AAAA… me@here")


@pytest.mark.slow
class TestOnAMachine:
    def test_the_key_it_shows_is_the_one_on_its_disk(self, machines: Rig) -> None:
        machine = machines.up("one")
        shown = ssh.read_host_key(machine.address)
        assert f"{shown.kind} {shown.blob}" == machine.host_key()
        printed = machine.execute("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub")
        assert shown.fingerprint in printed

    def test_a_command_by_password_by_key_and_as_root(self, machines: Rig) -> None:
        machine = machines.up("one")
        key = ssh.read_host_key(machine.address)
        for login in (BY_PASSWORD, by_key()):
            with ssh.signed_in(machine.address, login, host_key=key) as session:
                answer = session.run("cat; echo trouble >&2; exit 3", give="héllo")
                assert (answer.status, answer.output, answer.complaint) == (3, "héllo", "trouble\n")
                assert session.run_as_root("id -u", sudo_password=PASSWORD).output == "0\n"
                large = session.run("head -c 3000000 /dev/zero | tr '\\0' x; echo >&2 end")
                assert len(large.output) == 3_000_000

    def test_another_key_is_a_full_stop_before_anything_is_sent(self, machines: Rig) -> None:
        machine = machines.up("one")
        key = ssh.read_host_key(machine.address)
        machine.rekey()
        machine.wait_for_ssh()
        with (
            pytest.raises(ssh.HostKeyChanged, match="Nothing was sent"),
            ssh.signed_in(machine.address, BY_PASSWORD, host_key=key),
        ):
            pass
        seen = machine.execute("journalctl", "-u", "ssh", "--no-pager")
        assert "password" not in seen.lower()

    def test_what_it_refuses_is_said(self, machines: Rig) -> None:
        machine = machines.up("one", login="key", sudo="none")
        key = ssh.read_host_key(machine.address)
        with (
            pytest.raises(ssh.LoginRefused, match="it takes publickey"),
            ssh.signed_in(machine.address, BY_PASSWORD, host_key=key),
        ):
            pass
        with (
            pytest.raises(ssh.LoginRefused, match="did not accept the key"),
            ssh.signed_in(
                machine.address, ssh.Login("root", private_key=KEY.read_text()), host_key=key
            ),
        ):
            pass
        with (
            ssh.signed_in(machine.address, by_key(), host_key=key) as session,
            pytest.raises(ssh.SudoRefused, match="may not use sudo"),
        ):
            session.run_as_root("id", sudo_password=PASSWORD)

    def test_a_wrong_sudo_password(self, machines: Rig) -> None:
        machine = machines.up("one")
        key = ssh.read_host_key(machine.address)
        with (
            ssh.signed_in(machine.address, by_key(), host_key=key) as session,
            pytest.raises(ssh.SudoRefused, match="did not accept the password"),
        ):
            session.run_as_root("id", sudo_password="wrong")

    def test_through_another_machine(self, machines: Rig) -> None:
        outer, inner = machines.up("outer"), machines.up("inner")
        outer_key = ssh.read_host_key(outer.address)
        with ssh.signed_in(outer.address, by_key(), host_key=outer_key) as bastion:
            inner_key = ssh.read_host_key(inner.address, via=bastion)
            with ssh.signed_in(
                inner.address, BY_PASSWORD, host_key=inner_key, via=bastion
            ) as session:
                assert session.run("hostname").output == "inner\n"
            with pytest.raises(ssh.Unreachable, match="cannot reach"):
                ssh.read_host_key(inner.address, 1, via=bastion)

    def test_a_machine_that_goes_away(self, machines: Rig) -> None:
        machine = machines.up("one")
        key = ssh.read_host_key(machine.address)
        with (
            ssh.signed_in(machine.address, by_key(), host_key=key) as session,
            pytest.raises(ssh.TimedOut, match="did not end in time"),
        ):
            session.run("exec tail -f /dev/null", within=0.5)
        machine.cable.isolate()
        with pytest.raises(ssh.Unreachable, match="does not answer"):
            ssh.read_host_key(machine.address, within=0.5)
