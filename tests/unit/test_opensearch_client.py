"""The client of OpenSearch, on servers that answer something else than one would wish."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from consumers.errors import Outage
from consumers.read_model import Index, WriteStatus
from consumers.read_models.opensearch import OpenSearchIndex, opensearch_client
from tests.contracts.documents import put

INDEX = Index("users", names=("name",), words=("title",))
JSON, HTML, TEXT = "application/json", "text/html", "text/plain"
WRITES = [put("1", 1), put("2", 1)]


@dataclass
class Canned:
    """A server that gives every request one and the same answer, or none until `answers` is set."""

    status: int = 200
    kind: str = JSON
    body: str = "{}"
    requests: list[str | None] = field(default_factory=list)
    answers: Event = field(default_factory=Event)
    url: str = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request."""
        request = Request(environ)
        request.get_data()
        self.requests.append(request.headers.get("Authorization"))
        self.answers.wait()
        return Response(self.body, self.status, content_type=self.kind)(environ, start_response)

    @contextmanager
    def serving(self, certificate: Path | None = None) -> Iterator[Canned]:
        """It runs meanwhile; over TLS where there is a certificate."""
        tls = None
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
        server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet, ssl_context=tls)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.answers.set()
            server.shutdown()
            thread.join()
            server.server_close()


class _Quiet(WSGIRequestHandler):
    """Says nothing of clients that hang up, which is what the tests are about."""

    def log(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def canned() -> Iterator[Canned]:
    """A server that answers at once."""
    with Canned().serving() as canned:
        canned.answers.set()
        yield canned


@pytest.fixture
def read_model(canned: Canned) -> Iterator[OpenSearchIndex]:
    """A read model behind it."""
    with closing(opensearch_client(canned.url)) as client:
        yield OpenSearchIndex(INDEX, client, lambda: 0.0)


ASKING: list[Callable[[OpenSearchIndex], object]] = [
    lambda read_model: read_model.prepare(),
    lambda read_model: read_model.get("1"),
    lambda read_model: list(read_model.scan()),
    lambda read_model: read_model.search("ann", 10),
    lambda read_model: read_model.purge(1.0),
]
DISTURBED = [
    (500, JSON, '{"error": {"type": "exception", "reason": "broken"}, "status": 500}', "exception: broken"),
    (503, HTML, "<html>no backend</html>", "503"),
    (429, JSON, '{"error": "slow down"}', "slow down"),
    (401, TEXT, "Unauthorized", "401"),
    (403, JSON, '{"message": "not authorized to perform: es:ESHttpPost"}', "403"),
]
MEANINGLESS = [
    (200, JSON, "no JSON", "not JSON"),
    (200, HTML, "<html>log in</html>", "text/html"),
    (200, TEXT, "OK", "object"),
    (200, JSON, "[]", "object"),
    (200, JSON, "", "object"),
    (200, JSON, '{"took": 1}', "missing required field"),
]


@pytest.mark.parametrize(("status", "kind", "body", "said"), [*DISTURBED, *MEANINGLESS])
def test_every_write_fails_where_the_answer_is_none(
    canned: Canned, read_model: OpenSearchIndex, status: int, kind: str, body: str, said: str
) -> None:
    canned.status, canned.kind, canned.body = status, kind, body
    outcomes = read_model.apply(WRITES)
    assert [outcome.status for outcome in outcomes] == [WriteStatus.FAILED] * 2
    assert outcomes[1].reason.startswith("users.g1 2: ")
    assert said in outcomes[1].reason
    assert len(canned.requests) == 1, "whoever applies the writes decides when they are tried again"


@pytest.mark.parametrize("ask", ASKING)
@pytest.mark.parametrize(("status", "kind", "body", "said"), DISTURBED)
def test_whoever_asks_is_told_of_an_outage(
    canned: Canned,
    read_model: OpenSearchIndex,
    ask: Callable[[OpenSearchIndex], object],
    status: int,
    kind: str,
    body: str,
    said: str,
) -> None:
    canned.status, canned.kind, canned.body = status, kind, body
    with pytest.raises(Outage, match=f"OpenSearch cannot be used just now: users.*{said}"):
        ask(read_model)
    assert len(canned.requests) == 1


@pytest.mark.parametrize("ask", ASKING[1:])
@pytest.mark.parametrize(("status", "kind", "body", "said"), MEANINGLESS)
def test_an_answer_that_means_nothing_is_an_outage(
    canned: Canned,
    read_model: OpenSearchIndex,
    ask: Callable[[OpenSearchIndex], object],
    status: int,
    kind: str,
    body: str,
    said: str,
) -> None:
    canned.status, canned.kind, canned.body = status, kind, body
    with pytest.raises(Outage, match=said):
        ask(read_model)


@pytest.mark.parametrize("part", ['"_shards": {"failed": 1}', '"_shards": {"failed": 0}, "timed_out": true'])
@pytest.mark.parametrize("ask", ASKING[2:])
def test_half_an_answer_is_an_outage(
    canned: Canned, read_model: OpenSearchIndex, ask: Callable[[OpenSearchIndex], object], part: str
) -> None:
    canned.body = f'{{{part}, "hits": {{"hits": []}}}}'
    with pytest.raises(Outage, match="only a part of its shards answered"):
        ask(read_model)


@pytest.mark.parametrize(
    ("kind", "body"), [(HTML, "<html>Request Entity Too Large</html>"), (JSON, '{"Message": "x"}')]
)
def test_a_request_that_is_too_large_goes_in_halves_and_what_is_too_large_alone_is_refused(
    canned: Canned, read_model: OpenSearchIndex, kind: str, body: str
) -> None:
    canned.status, canned.kind, canned.body = 413, kind, body
    assert [outcome.status for outcome in read_model.apply(WRITES)] == [WriteStatus.REFUSED] * 2
    assert len(canned.requests) == 3


def test_a_server_that_does_not_answer_in_time_is_an_outage_and_gets_less_the_next_time() -> None:
    with Canned().serving() as canned, closing(opensearch_client(canned.url, timeout_seconds=0.2)) as client:
        read_model = OpenSearchIndex(INDEX, client, lambda: 0.0)
        outcomes = read_model.apply([*WRITES, put("3", 1), put("4", 1)])
        assert {outcome.status for outcome in outcomes} == {WriteStatus.FAILED}
        assert "timed out" in outcomes[0].reason
        with pytest.raises(Outage, match="timed out"):
            read_model.get("1")
        canned.answers.set()
        canned.body = '{"items": [{"update": {"status": 200, "result": "noop"}}, {"update": {"status": 200}}]}'
        assert read_model.apply([*WRITES, put("3", 1), put("4", 1)])[0].status is WriteStatus.STALE
        assert len(canned.requests) == 4


def test_a_server_that_is_not_there_is_an_outage() -> None:
    with Canned().serving() as canned:
        pass
    with closing(opensearch_client(canned.url)) as client:
        read_model = OpenSearchIndex(INDEX, client, lambda: 0.0)
        (outcome,) = read_model.apply(WRITES[:1])
        assert outcome.status is WriteStatus.FAILED
        assert "refused" in outcome.reason
        for ask in ASKING:
            with pytest.raises(Outage, match="refused"):
                ask(read_model)


def test_user_and_password_are_sent(canned: Canned) -> None:
    with closing(opensearch_client(canned.url, user="ann", password="pä:ß✓")) as client:
        OpenSearchIndex(INDEX, client, lambda: 0.0).apply(WRITES)
    sent = canned.requests[0] or ""
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == "ann:pä:ß✓"


def test_a_certificate_is_checked_by_the_authorities_given(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path)
    with Canned().serving(certificate) as canned:
        canned.answers.set()
        with closing(opensearch_client(canned.url)) as client, pytest.raises(Outage, match="CERTIFICATE_VERIFY_FAILED"):
            OpenSearchIndex(INDEX, client, lambda: 0.0).get("1")
        assert canned.requests == []
        canned.body = '{"docs": [{"found": false}]}'
        with closing(opensearch_client(canned.url, ca_file=str(certificate))) as client:
            assert OpenSearchIndex(INDEX, client, lambda: 0.0).get("1") is None


def _certificate(folder: Path) -> Path:
    """A file with a new key for 127.0.0.1 and its own certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(pem))
    return path
