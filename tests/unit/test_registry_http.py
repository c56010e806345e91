"""The registry over HTTP in trouble: what is an answer, what is an outage, and what outlives one."""

from __future__ import annotations

import ssl
import struct
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schemas.codec import EventDecoder
from schemas.errors import (
    IncompatibleSchema,
    InvalidSchema,
    RegistryUnavailable,
    UndecodableEvent,
    UnknownSchema,
)
from schemas.event_encoder import EventEncoder
from schemas.event_schema import packaged
from schemas.registry_http import HttpRegistry
from schemas.schema_text import MAX_SCHEMA_BYTES
from tests.items import event
from tests.registry_server import Answer, Asked, RegistryServer, json, page, unknown

TEXT = packaged("users")
SUBJECT = "users.changes-value"
KNOWN = 7
BYTES = EventEncoder(KNOWN, TEXT).encode(event({"UserId": {"N": "42"}}))


def healthy(asked: Asked) -> Answer:
    if asked.path.startswith("/schemas/ids/"):
        return json(200, schema=TEXT)
    return json(200, id=KNOWN, subject=SUBJECT, version=1, schema=TEXT)


def _always(answer: Answer, _asked: Asked) -> Answer:
    return answer


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with RegistryServer(healthy) as server:
        yield server


@pytest.fixture
def registry(server: RegistryServer) -> Iterator[HttpRegistry]:
    with closing(HttpRegistry(server.url, timeout=0.5)) as registry:
        yield registry


OUTAGES = {
    "500": (json(500, error_code=50001, message="the store is away"), "answers 500: the store is away"),
    "503 of a proxy": (page(503), "answers 503: it gives no reason"),
    "429": (json(429), "answers 429"),
    "a redirect": (Answer(302, (b"",)), "answers 302"),
    "401": (json(401, error_code=401, message="Unauthorized"), "does not accept the user and password given"),
    "403 of a proxy": (page(403), "answers 403: it does not accept the user"),
    "a web page": (page(200), "is it another server's address"),
    "a long web page": (Answer(200, (b" <html>" + b"x" * 7 * MAX_SCHEMA_BYTES,)), "is it another server's address"),
    "another API": (json(200, hello="you"), "is it another server's address"),
    "deep JSON": (Answer(200, (b"[" * 100_000,)), "is it another server's address"),
    "404 of another path": (json(404, title="NotFoundException"), "does the address lack the API's path"),
    "404 of another server": (page(404), "does the address lack the API's path"),
    "404 with another code": (json(404, error_code=404, message="HTTP 404 Not Found"), "lack the API's path"),
    "unknown, and not by 404": (json(500, error_code=40403), "answers 500"),
    "half an answer": (Answer(200, (b'{"schema": "',)), "is it another server's address"),
}


@pytest.mark.parametrize(("answer", "reason"), OUTAGES.values(), ids=OUTAGES)
def test_what_is_no_answer_of_a_registry_is_an_outage_and_says_what_it_was(
    server: RegistryServer, registry: HttpRegistry, answer: Answer, reason: str
) -> None:
    server.answer = lambda _: answer
    for ask in (
        lambda: registry.schema(KNOWN),
        lambda: registry.id_of(SUBJECT, TEXT),
        lambda: registry.register(SUBJECT, TEXT),
        lambda: registry.check(SUBJECT, TEXT),
    ):
        with pytest.raises(RegistryUnavailable, match=reason) as away:
            ask()
        assert away.value.url == server.url
        assert str(away.value).startswith(f"the schema registry at {server.url} ")
    server.answer = healthy
    assert registry.schema(KNOWN) == TEXT


@pytest.mark.parametrize(
    "answer",
    [Answer(200, (b"", b"{}"), pause=30.0), Answer(200, (b" ",) * 100, pause=0.1)],
    ids=["nothing", "a byte now and then"],
)
def test_a_registry_that_takes_too_long_is_an_outage(
    server: RegistryServer, registry: HttpRegistry, answer: Answer
) -> None:
    server.answer = lambda _: answer
    with pytest.raises(RegistryUnavailable, match="does not answer: timed out"):
        registry.schema(KNOWN)


def test_a_registry_that_is_down_is_an_outage_until_it_is_up_again() -> None:
    with RegistryServer(healthy) as first:
        pass
    with closing(HttpRegistry(first.url)) as registry:
        with pytest.raises(RegistryUnavailable, match=f"{first.url} does not answer: .*refused"):
            registry.schema(KNOWN)
        with RegistryServer(healthy, first.port):
            assert registry.schema(KNOWN) == TEXT


def test_a_schema_that_was_fetched_once_outlives_its_registry() -> None:
    with RegistryServer(healthy) as server:
        registry = HttpRegistry(server.url)
        assert registry.schema(KNOWN) == TEXT
    with closing(registry):
        assert registry.schema(KNOWN) == TEXT
        with pytest.raises(RegistryUnavailable):
            registry.schema(KNOWN + 1)
    assert [asked.path for asked in server.asked] == ["/schemas/ids/7"]


def test_no_more_schemas_are_kept_than_were_asked_for_and_those_used_last(server: RegistryServer) -> None:
    with closing(HttpRegistry(server.url, cached=2)) as registry:
        for schema_id in (1, 2, 1, 3, 1, 3, 2):
            registry.schema(schema_id)
    assert [asked.path for asked in server.asked] == [f"/schemas/ids/{schema_id}" for schema_id in (1, 2, 3, 2)]


def test_that_an_id_is_unknown_is_asked_again_for_it_may_be_registered_later(
    server: RegistryServer, registry: HttpRegistry
) -> None:
    server.answer = lambda _: unknown()
    with pytest.raises(UnknownSchema, match=f"the registry at {server.url} knows no schema of the id 7"):
        registry.schema(KNOWN)
    server.answer = healthy
    assert registry.schema(KNOWN) == TEXT


def test_an_id_that_no_registry_gives_is_unknown_without_asking(server: RegistryServer, registry: HttpRegistry) -> None:
    """Confluent's answer to such a path is a 404 without a code, and hostile bytes must not look like an outage."""
    with pytest.raises(UnknownSchema, match=str(2**31)):
        registry.schema(2**31)
    assert server.asked == []


def test_a_decoder_lets_an_outage_through_and_decodes_after_it(server: RegistryServer, registry: HttpRegistry) -> None:
    decoder = EventDecoder(registry)
    troubles = ((page(502), RegistryUnavailable), (unknown(), UnknownSchema), (page(404), RegistryUnavailable))
    for trouble, error in troubles:
        server.answer = partial(_always, trouble)
        with pytest.raises(error):
            decoder.decode(BYTES)
    server.answer = healthy
    assert decoder.decode(BYTES).key_text == "42"


def test_a_schema_too_long_to_be_ours_is_poison_and_no_outage(server: RegistryServer, registry: HttpRegistry) -> None:
    server.answer = lambda _: json(200, schema="x" * 7 * MAX_SCHEMA_BYTES)
    with pytest.raises(UndecodableEvent, match="no change event, by its schema id 7: the schema is more than"):
        EventDecoder(registry).decode(struct.pack(">bI", 0, KNOWN) + BYTES[5:])


@pytest.mark.parametrize("code", [40401, 40403])
def test_a_schema_that_is_not_registered_names_the_cure(
    server: RegistryServer, registry: HttpRegistry, code: int
) -> None:
    server.answer = lambda _: unknown(code)
    with pytest.raises(UnknownSchema, match=f"no such schema under the subject {SUBJECT}; register it"):
        registry.id_of(SUBJECT, TEXT)


def test_a_registry_that_takes_another_schema_for_this_one_is_found_out(
    server: RegistryServer, registry: HttpRegistry
) -> None:
    without = TEXT.replace(',"dynamodb":"N"', "")
    server.answer = lambda asked: json(200, schema=without) if asked.method == "GET" else json(200, id=KNOWN)
    for ask in (registry.id_of, registry.register):
        with pytest.raises(UnknownSchema, match=f"id 7 to the schema of {SUBJECT}, .* did it drop a property"):
            ask(SUBJECT, TEXT)


def test_other_remarks_make_no_other_schema(server: RegistryServer, registry: HttpRegistry) -> None:
    """Apicurio looks a schema up without its `doc` and gives the id of the one it holds; both read alike."""
    schema = msgspec.json.decode(TEXT)
    schema["doc"] = "another remark"
    held = msgspec.json.encode(schema).decode()
    server.answer = lambda asked: json(200, schema=held) if asked.method == "GET" else json(200, id=KNOWN)
    assert registry.id_of(SUBJECT, TEXT) == KNOWN


def test_what_is_asked_is_the_api_of_confluent(server: RegistryServer, registry: HttpRegistry) -> None:
    registry.id_of("a/b?c", TEXT)
    registry.register(SUBJECT, TEXT)
    server.answer = lambda _: json(200, is_compatible=True)
    assert registry.check(SUBJECT, TEXT) == []
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("POST", "/subjects/a%2Fb%3Fc"),
        ("GET", "/schemas/ids/7"),
        ("POST", "/subjects/users.changes-value/versions"),
        ("POST", "/compatibility/subjects/users.changes-value/versions/latest?verbose=true"),
    ]
    for asked in server.asked:
        assert asked.method == "GET" or msgspec.json.decode(asked.body) == {"schema": TEXT}


def test_a_refusal_gives_the_registrys_reason(server: RegistryServer, registry: HttpRegistry) -> None:
    server.answer = lambda _: json(409, error_code=409, message="the field UserId went away")
    with pytest.raises(IncompatibleSchema, match=f"the subject {SUBJECT}: the field UserId went away") as refused:
        registry.register(SUBJECT, TEXT)
    assert refused.value.reason == "the field UserId went away"
    server.answer = lambda _: json(200, is_compatible=False, messages=["one", "two"])
    assert registry.check(SUBJECT, TEXT) == ["one", "two"]
    server.answer = lambda _: json(200, is_compatible=False)
    assert registry.check(SUBJECT, TEXT) == ["it gives no reason"]
    server.answer = lambda _: unknown(40401)
    assert registry.check(SUBJECT, TEXT) == []
    server.answer = lambda _: json(422, error_code=42201, message="no Avro")
    for ask in (registry.register, registry.check, registry.id_of):
        with pytest.raises(InvalidSchema, match=f"the registry at {server.url} takes the schema for none: no Avro"):
            ask(SUBJECT, TEXT)


def test_credentials_go_to_the_registry_and_into_no_message(server: RegistryServer) -> None:
    with closing(HttpRegistry(server.url, user="bridge", password="secret")) as registry:
        registry.schema(KNOWN)
        assert server.asked[0].authorization == "Basic YnJpZGdlOnNlY3JldA=="
        server.answer = lambda _: json(401)
        with pytest.raises(RegistryUnavailable) as away:
            registry.schema(KNOWN + 1)
    assert "secret" not in str(away.value)


def test_proxies_of_the_environment_are_not_asked(server: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with closing(HttpRegistry(server.url)) as registry:
        assert registry.schema(KNOWN) == TEXT


@pytest.mark.parametrize("url", ["", "localhost:8081", "ftp://localhost", "http://", "http://user:secret@localhost"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"^a registry's address is http\(s\)://") as refused:
        HttpRegistry(url)
    assert "secret" not in str(refused.value)


def test_an_authority_that_cannot_be_read_is_refused_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        HttpRegistry("https://localhost", ca_file="nowhere.pem")


def test_a_registry_is_believed_by_its_certificate_alone(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    with RegistryServer(healthy, tls=_self_signed(authority)) as server:
        with closing(HttpRegistry(server.url)) as registry, pytest.raises(RegistryUnavailable, match="CERTIFICATE"):
            registry.schema(KNOWN)
        with closing(HttpRegistry(server.url, ca_file=str(authority))) as registry:
            assert registry.schema(KNOWN) == TEXT


def _self_signed(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS for 127.0.0.1, whose certificate is also its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
    now = datetime.now(UTC)
    issued = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(hours=1), now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate.write_bytes(issued.public_bytes(pem))
    private = certificate.with_suffix(".key")
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, private)
    return context
