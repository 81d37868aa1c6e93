"""The download on a real server that breaks, lies, changes its mind or stops."""

import errno
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from apps.models import store
from tests.factories.ai_models import write_gguf
from tests.models.file_server import FileServer, serving
from worker_jobs.adapters.downloads import Downloaded, DownloadFailed, Progress, Watch, download
from worker_jobs.adapters.downloads.guard import check_destination

MB = 1024 * 1024


class Stopped(Exception):
    pass


class Recorder:
    """A watch that remembers everything and stops when it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.seen: list[Progress] = []
        self.stop_at: int | None = None

    def watch(self) -> Watch:
        return Watch(
            check=self.check, wait=lambda _: None, progress=self.seen.append, log=self.lines.append
        )

    def check(self) -> None:
        if self.stop_at is not None and self.seen and self.seen[-1].done >= self.stop_at:
            raise Stopped


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """A GGUF of 4 MB."""
    return write_gguf(tmp_path / "four.gguf", weights_kb=4096).read_bytes()


@pytest.fixture
def server(content: bytes) -> Iterator[FileServer]:
    with serving(content) as server:
        yield server


def fetch(server: FileServer, recorder: Recorder | None = None) -> Downloaded:
    return download(url=server.url, name="it", watch=(recorder or Recorder()).watch())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class TestWhole:
    def test_a_file_arrives_with_its_hash(self, server: FileServer) -> None:
        recorder = Recorder()
        got = fetch(server, recorder)
        assert got.path.read_bytes() == server.content
        assert got.sha256 == sha256(server.content)
        assert recorder.seen[-1].done == recorder.seen[-1].total == len(server.content)

    def test_progress_tells_speed_and_time_left(self, server: FileServer) -> None:
        recorder = Recorder()
        fetch(server, recorder)
        middle = recorder.seen[1]
        assert middle.bytes_per_second > 0
        assert middle.seconds_left is not None
        assert middle.seconds_left > 0

    def test_an_unknown_length_is_no_obstacle(self, content: bytes) -> None:
        with serving(content, length=False) as server:
            recorder = Recorder()
            assert fetch(server, recorder).sha256 == sha256(content)
            assert recorder.seen[0].total is None

    def test_a_redirect_is_followed_and_the_promised_checksum_kept(self, content: bytes) -> None:
        with (
            serving(content) as far,
            serving(
                b"", redirect_to=far.url.replace("model", "blob"), linked_sha256=sha256(content)
            ) as near,
        ):
            got = fetch(near)
        assert got.sha256 == got.promised_sha256 == sha256(content)

    def test_redirects_without_end_are_given_up(self, server: FileServer) -> None:
        server.redirect_to = "/model.gguf"
        with pytest.raises(DownloadFailed, match="redirects without end"):
            fetch(server)


class TestBreaking:
    def test_three_breaks_are_resumed_where_they_happened(self, server: FileServer) -> None:
        server.breaks = [1 * MB, 1 * MB, 1 * MB]
        recorder = Recorder()
        got = fetch(server, recorder)
        assert got.path.read_bytes() == server.content
        assert got.sha256 == sha256(server.content)
        assert len(server.requests) == 4
        starts = [request.get("Range") for request in server.requests]
        assert starts[0] is None
        assert all(start and start != "bytes=0-" for start in starts[1:])
        assert sum("Trying again" in line for line in recorder.lines) == 3
        assert server.sent < len(server.content) + 3 * MB

    def test_a_server_without_ranges_starts_over(self, server: FileServer) -> None:
        server.ranges, server.breaks = False, [2 * MB]
        recorder = Recorder()
        assert fetch(server, recorder).sha256 == sha256(server.content)
        assert "from the beginning again" in "".join(recorder.lines)

    def test_without_a_tag_nothing_is_spliced(self, server: FileServer) -> None:
        server.etag, server.breaks = "", [2 * MB]
        assert fetch(server).sha256 == sha256(server.content)
        assert all("Range" not in request for request in server.requests)

    def test_a_weak_tag_is_compared_but_not_sent(self, server: FileServer) -> None:
        server.etag, server.breaks = 'W/"1"', [2 * MB]
        assert fetch(server).sha256 == sha256(server.content)
        assert "If-Range" not in server.requests[1]
        assert server.requests[1]["Range"] == f"bytes={2 * MB}-"

    def test_a_file_that_changed_is_not_spliced(self, server: FileServer, tmp_path: Path) -> None:
        recorder = Recorder()
        recorder.stop_at = 2 * MB
        with pytest.raises(Stopped):
            fetch(server, recorder)
        server.content = write_gguf(tmp_path / "n.gguf", weights_kb=4096, seed=7).read_bytes()
        assert fetch(server).sha256 == sha256(server.content)

    def test_a_changed_file_behind_a_weak_tag_is_noticed(
        self, server: FileServer, tmp_path: Path
    ) -> None:
        server.etag = 'W/"1"'
        recorder = Recorder()
        recorder.stop_at = 2 * MB
        with pytest.raises(Stopped):
            fetch(server, recorder)
        server.content = write_gguf(tmp_path / "n.gguf", weights_kb=4096, seed=7).read_bytes()
        server.etag = 'W/"2"'
        assert fetch(server).sha256 == sha256(server.content)

    def test_what_was_complete_already_is_not_sent_again(self, server: FileServer) -> None:
        fetch(server)
        before = server.sent
        assert fetch(server).sha256 == sha256(server.content)
        assert server.sent == before

    def test_a_dead_end_is_given_up_after_a_few_tries(self, server: FileServer) -> None:
        server.breaks = [0] * 50
        with pytest.raises(DownloadFailed, match="broke") as failed:
            fetch(server)
        assert failed.value.fix
        assert len(server.requests) == 6

    def test_a_server_that_falls_silent_is_left(
        self, server: FileServer, settings: Settings
    ) -> None:
        settings.DOWNLOAD_STALL_SECONDS = 0.2
        server.pause_after = 1 * MB
        recorder = Recorder()
        original = recorder.watch()

        def log(line: str) -> None:
            original.log(line)
            server.pause_after = None

        watch = Watch(original.check, original.wait, original.progress, log)
        got = download(url=server.url, name="it", watch=watch)
        assert got.sha256 == sha256(server.content)
        assert "stopped sending" in recorder.lines[0]

    def test_stopping_keeps_what_came(self, server: FileServer) -> None:
        recorder = Recorder()
        recorder.stop_at = 2 * MB
        with pytest.raises(Stopped):
            fetch(server, recorder)
        kept = store.partial_path("it").stat().st_size
        assert 2 * MB <= kept < len(server.content)
        fetch(server)
        assert server.requests[-1]["Range"] == f"bytes={kept}-"


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "said"), [(401, "everybody"), (403, "everybody"), (404, "no such"), (400, "400")]
    )
    def test_a_final_answer_is_not_repeated(
        self, server: FileServer, status: int, said: str
    ) -> None:
        server.statuses = [status]
        with pytest.raises(DownloadFailed, match=said) as failed:
            fetch(server)
        assert failed.value.fix
        assert len(server.requests) == 1

    def test_a_busy_server_is_asked_again(self, server: FileServer) -> None:
        server.statuses = [503, 429, 500]
        assert fetch(server).sha256 == sha256(server.content)

    def test_a_web_page_is_refused_at_its_first_bytes(self) -> None:
        page = b"<!doctype html>" + b" " * 8 * MB
        with serving(page, content_type="text/html; charset=utf-8") as server:
            with pytest.raises(DownloadFailed, match="text/html that is not a GGUF"):
                fetch(server)
            assert store.partial_path("it").stat().st_size == 0

    def test_nobody_listening(self, server: FileServer) -> None:
        with pytest.raises(DownloadFailed, match="refused"):
            download(url="http://127.0.0.1:9/model.gguf", name="it", watch=Recorder().watch())

    def test_an_unknown_name(self) -> None:
        with pytest.raises(DownloadFailed, match="cannot be found"):
            download(url="http://nowhere.invalid/m.gguf", name="it", watch=Recorder().watch())

    def test_plain_http_where_tls_is_expected(self, server: FileServer) -> None:
        url = server.url.replace("http:", "https:")
        with pytest.raises(DownloadFailed, match="TLS"):
            download(url=url, name="it", watch=Recorder().watch())

    def test_a_certificate_that_nobody_vouches_for(self, tmp_path: Path, content: bytes) -> None:
        with (
            serving(content, certificate=self_signed(tmp_path)) as server,
            pytest.raises(
                DownloadFailed, match=r"certificate of 127\.0\.0\.1 is not trusted"
            ) as no,
        ):
            fetch(server)
        assert "trust store" in no.value.fix
        assert not server.requests

    def test_a_certificate_of_the_machines_trust_store(
        self, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificate = self_signed(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with serving(content, certificate=certificate) as server:
            assert fetch(server).sha256 == sha256(content)

    def test_a_file_larger_than_the_disk_is_refused_before_it_starts(
        self, server: FileServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The disk is shared with everything else on this machine, so its room is set here.
        monkeypatch.setattr(store, "room_for_files", lambda: 1 * MB)
        with pytest.raises(DownloadFailed, match="the disk has room for"):
            fetch(server)
        assert store.partial_path("it").stat().st_size == 0

    def test_a_disk_that_fills_up_says_so(self, server: FileServer) -> None:
        store.forget_partial("it")
        store.partial_path("it").symlink_to("/dev/full")
        with pytest.raises(DownloadFailed, match="the disk has room for") as failed:
            fetch(server)
        assert isinstance(failed.value.__cause__, OSError)
        assert failed.value.__cause__.errno == errno.ENOSPC


class TestDestinations:
    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data",
            "http://[fe80::1]/m.gguf",
            "http://0.0.0.0/m.gguf",
            "http://224.0.0.1/m.gguf",
            "http://[::ffff:169.254.169.254]/m.gguf",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
        ],
    )
    def test_places_no_model_comes_from(self, url: str) -> None:
        with pytest.raises(DownloadFailed):
            check_destination(url)

    def test_private_addresses_are_a_matter_of_policy(self, settings: Settings) -> None:
        check_destination("http://127.0.0.1/m.gguf")
        check_destination("http://192.168.1.5/m.gguf")
        settings.MODEL_SOURCES_PRIVATE = "refuse"
        for address in ("127.0.0.1", "192.168.1.5", "10.0.0.1", "[::1]"):
            with pytest.raises(DownloadFailed, match="inside this network"):
                check_destination(f"http://{address}/m.gguf")
        check_destination("http://1.1.1.1/m.gguf")

    def test_a_redirect_from_outside_to_inside_is_refused(self) -> None:
        with pytest.raises(DownloadFailed, match="public address redirected"):
            check_destination("http://192.168.1.5/m", came_from="http://1.1.1.1/m")
        check_destination("http://192.168.1.5/m", came_from="http://192.168.1.6/m")

    def test_a_redirect_out_of_tls_is_refused(self) -> None:
        with pytest.raises(DownloadFailed, match="encrypted"):
            check_destination("http://1.1.1.1/m", came_from="https://1.1.1.1/m")

    def test_a_redirect_to_the_metadata_service_is_refused(self, server: FileServer) -> None:
        server.redirect_to = "http://169.254.169.254/latest"
        with pytest.raises(DownloadFailed, match="which no model source has"):
            fetch(server)
