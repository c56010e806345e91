"""A schema registry over HTTP: Confluent's API, as Apicurio Registry and others speak it too, by way of httpx.

What counts as an answer is told from an outage with care, for one makes a dead letter of an event and the other waits:
only the API's own error codes say that something is unknown. A 404 without one comes from some other server, or from
this one under another path. Source: Confluent's "Schema Registry API reference", for the codes too.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from schemas.errors import IncompatibleSchema, InvalidSchema, RegistryUnavailable, UnknownSchema
from schemas.schema_text import MAX_SCHEMA_BYTES, same_meaning

TIMEOUT = 5.0
"""Seconds for one question; whoever asks tries again."""
CACHED = 256
"""How many schemas are kept, those used last."""
# Ids are 31 bits. Asked for a greater one, a registry answers as if there were no such path.
_MAX_ID = 2**31 - 1
# A schema inside JSON, where a character may take six.
_MAX_ANSWER_BYTES = 6 * MAX_SCHEMA_BYTES
_UNKNOWN = frozenset({40401, 40402, 40403})  # the subject, the version, the schema
_NO_SCHEMA = (400, 422)


class _Answer(msgspec.Struct):
    """What the API answers, to whatever question."""

    status: int = 0
    id: int | None = None
    schema: str | None = None
    is_compatible: bool | None = None
    messages: list[str] | None = None
    error_code: int | None = None
    message: str | None = None

    @property
    def unknown(self) -> bool:
        """Whether a registry says that it does not know what it was asked for."""
        return self.status == 404 and self.error_code in _UNKNOWN

    @property
    def reason(self) -> str:
        """What it says went wrong."""
        return (self.message or "it gives no reason")[:500]


class HttpRegistry:
    """The registry whose API begins at `url`, path included (`http://localhost:8081`, `.../apis/ccompat/v7`).

    May be used by several threads. Texts are kept, since an id never changes its meaning, so a schema that was fetched
    once is there while the registry is not; that an id is unknown is never kept, for it may be registered a moment
    later. Credentials go by HTTP Basic; `ca_file` (PEM) replaces the usual authorities, whose verification cannot be
    switched off. Raises ValueError for an address that is none, OSError for a `ca_file` that cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str = "",
        password: str = "",
        ca_file: str | None = None,
        timeout: float = TIMEOUT,
        cached: int = CACHED,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("a registry's address is http(s)://host[:port][/path], its user and password given apart")
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            auth=httpx.BasicAuth(user, password) if user else None,
            verify=ssl.create_default_context(cafile=ca_file) if ca_file else True,
            # Unpacked, a small answer could be a large one.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=timeout,
            trust_env=False,
        )
        self._timeout = timeout
        self._clock = clock
        self._cached = cached
        self._texts: OrderedDict[int, str] = OrderedDict()
        self._lock = Lock()

    def schema(self, schema_id: int) -> str:
        """See `Registry.schema`."""
        with self._lock:
            if schema_id in self._texts:
                self._texts.move_to_end(schema_id)
                return self._texts[schema_id]
        text = self._fetched(schema_id)
        with self._lock:
            self._texts[schema_id] = text
            if len(self._texts) > self._cached:
                self._texts.popitem(last=False)
        return text

    def id_of(self, subject: str, text: str) -> int:
        """See `Registry.id_of`."""
        answer = self._ask("POST", f"/subjects/{quote(subject, safe='')}", text)
        if answer.unknown:
            raise UnknownSchema(
                f"the registry at {self.url} holds no such schema under the subject {subject}; register it, then start "
                f"again ({answer.reason})"
            )
        return self._checked_id(answer, subject, text)

    def register(self, subject: str, text: str) -> int:
        """The schema's id under the subject, which holds it from now on if it did not before.

        Raises IncompatibleSchema, InvalidSchema where the registry takes it for no schema, RegistryUnavailable.
        """
        answer = self._ask("POST", f"/subjects/{quote(subject, safe='')}/versions", text)
        if answer.status == 409:
            raise IncompatibleSchema(subject, answer.reason)
        return self._checked_id(answer, subject, text)

    def check(self, subject: str, text: str) -> list[str]:
        """Why the subject's latest schema and this one do not go together, by the registry's rules; empty: they do.

        A subject that the registry does not know takes any. Raises InvalidSchema, RegistryUnavailable.
        """
        path = f"/compatibility/subjects/{quote(subject, safe='')}/versions/latest?verbose=true"
        answer = self._ask("POST", path, text)
        if answer.unknown:
            return []
        self._expect(answer, answer.is_compatible is not None)
        return [] if answer.is_compatible else (answer.messages or [answer.reason])

    def close(self) -> None:
        """Lets go of the registry's connections."""
        self._client.close()

    def _fetched(self, schema_id: int) -> str:
        answer = self._ask("GET", f"/schemas/ids/{schema_id}") if 0 <= schema_id <= _MAX_ID else None
        if answer is None or answer.unknown:
            raise UnknownSchema(f"the registry at {self.url} knows no schema of the id {schema_id}")
        self._expect(answer, answer.schema is not None)
        return answer.schema or ""

    def _checked_id(self, answer: _Answer, subject: str, text: str) -> int:
        self._expect(answer, answer.id is not None)
        schema_id = answer.id or 0
        # A registry may compare schemas by less than what we read them by.
        if not same_meaning(self.schema(schema_id), text):
            raise UnknownSchema(
                f"the registry at {self.url} gives the id {schema_id} to the schema of {subject}, but under that id it "
                "holds one by which events would read otherwise; compare the two: did it drop a property?"
            )
        return schema_id

    def _expect(self, answer: _Answer, complete: bool) -> None:
        """Raises unless the answer is a success, and complete."""
        if answer.status in _NO_SCHEMA and answer.error_code is not None:
            raise InvalidSchema(f"the registry at {self.url} takes the schema for none: {answer.reason}")
        if answer.status in (401, 403):
            raise self._unavailable(f"answers {answer.status}: it does not accept the user and password given")
        if answer.status == 404:
            raise self._unavailable("answers 404, and not as a registry does; does the address lack the API's path?")
        if answer.status != 200:
            raise self._unavailable(f"answers {answer.status}: {answer.reason}")
        if not complete:
            raise self._unavailable("answers what no registry answers; is it another server's address?")

    def _ask(self, method: str, path: str, schema: str | None = None) -> _Answer:
        deadline = self._clock() + self._timeout
        body = bytearray()
        try:
            with self._client.stream(
                method, self.url + path, json=None if schema is None else {"schema": schema}
            ) as response:
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > _MAX_ANSWER_BYTES:
                        break
                    # The client's own limit is one for each piece.
                    if self._clock() > deadline:
                        raise httpx.ReadTimeout("timed out")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unavailable(f"does not answer: {str(error) or type(error).__name__}") from None
        return self._read(response.status_code, bytes(body))

    def _read(self, status: int, body: bytes) -> _Answer:
        if status == 200 and len(body) > _MAX_ANSWER_BYTES and body.lstrip().startswith(b"{"):
            raise InvalidSchema(f"the schema is more than {MAX_SCHEMA_BYTES} bytes long, no change event's")
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (ValueError, RecursionError):
            answer = _Answer()
        answer.status = status
        return answer

    def _unavailable(self, reason: str) -> RegistryUnavailable:
        return RegistryUnavailable(self.url, reason)
