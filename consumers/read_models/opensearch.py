"""A read model to search, in OpenSearch (design section 7)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from opensearchpy import JSONSerializer, OpenSearch
from opensearchpy.exceptions import OpenSearchException, SerializationError

from consumers.errors import Outage, RefusedDocument
from consumers.generations import FIRST, generation_name
from consumers.read_model import SOURCE_VERSION, Document, Index, Replacement, State, WriteOutcome, WriteStatus
from consumers.read_models.opensearch_answers import BulkAnswer, Got, GotAnswer, Hit, Page, ShardsAnswer
from consumers.read_models.opensearch_bulk import Answer, SideBySide, delete_line, write_lines
from consumers.read_models.opensearch_documents import document_id, document_of, source_of
from consumers.read_models.opensearch_failures import FAILURES, STORE, outages, said, status
from consumers.read_models.opensearch_generations import OpenSearchGenerations
from consumers.read_models.opensearch_mapping import NO_MARKER, generations_pattern, index_body, index_name, made_by
from consumers.read_models.opensearch_queries import MAX_TEXT, markers_before, search_query
from consumers.read_models.opensearch_states import States, given_back
from consumers.read_models.search_words import search_words
from consumers.writes import Fields, Put, VersionedWrite
from schemas.errors import InvalidKey

_PAGE = 250
"""Documents a page of a scan, or of what is read by its keys: at most 100 MB, as DynamoDB's items go."""
_PAGE_KEPT = "5m"
_ITEM_PATHS = "items.*.status,items.*.result,items.*.error"
_BULK_ANSWER = '{"items":['
"""How the answer to a request for `_ITEM_PATHS` begins."""

_Answered = TypeVar("_Answered", bound=ShardsAnswer)


class _ExactJson(JSONSerializer):
    """JSON whose numbers are read as int or Decimal, with all their digits; bulk answers are read as what they are."""

    _decoder = msgspec.json.Decoder(float_hook=Decimal)
    _bulk_decoder = msgspec.json.Decoder(BulkAnswer)

    def loads(self, s: str) -> Any:
        try:
            if s.startswith(_BULK_ANSWER):
                with suppress(msgspec.ValidationError):
                    return self._bulk_decoder.decode(s)
            return self._decoder.decode(s)
        except msgspec.DecodeError as error:
            raise SerializationError(f"an answer that is not JSON: {error}") from error


def opensearch_client(
    url: str,
    *,
    user: str | None = None,
    password: str | None = None,
    ca_file: str | None = None,
    timeout_seconds: float = 30.0,
) -> OpenSearch:
    """A client of the OpenSearch at `url`, the caller's to close.

    It tries nothing twice: whoever uses it decides that. Behind https the certificate is always checked, by the
    authorities in `ca_file` or else by those every machine trusts.
    """
    headers = {}
    if user is not None:
        # Not by the client's own means, which can write Latin letters alone.
        credentials = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
        headers["authorization"] = f"Basic {credentials}"
    return OpenSearch(
        [url],
        headers=headers,
        ca_certs=ca_file,
        timeout=timeout_seconds,
        serializer=_ExactJson(),
        max_retries=0,
        retry_on_status=(),
        retry_on_timeout=False,
    )


class OpenSearchIndex:
    """A generation of the read model `index`: written and read by the name of its own index; searched, whichever it
    is, by the alias that people read.

    Fraction digits beyond a double's are kept as text. `clock` gives epoch seconds. `client` stays the caller's to
    close. `replicas` is for a new index: 0 on one machine. `projection_version` is what it is, or shall be, made by.
    """

    store = STORE

    def __init__(
        self,
        index: Index,
        client: OpenSearch,
        clock: Callable[[], float],
        *,
        replicas: int = 1,
        generation: int = FIRST,
        projection_version: str = "",
    ) -> None:
        self.name = generation_name(index.name, generation)
        self._index = index
        self._generation = generation
        self.made_by = made_by(index, projection_version)
        self._generations = OpenSearchGenerations(index.name, client)
        self._place = index_name(index.name, generation)
        self._client = client
        self._clock = clock
        self._replicas = replicas
        self._writer = SideBySide(self._send)
        self._states = States(self._got, self._writer, clock)

    def made(self) -> bool:
        """See `Preparable.made`."""
        return self._generations.made(self._generation)

    def prepare(self) -> None:
        """See `Preparable.prepare`."""
        self._generations.begin(self._generation, self.made_by, index_body(self._index, self._replicas, self.made_by))

    def apply(self, writes: Sequence[VersionedWrite]) -> list[WriteOutcome]:
        """See `ReadModel.apply`; bulk requests of up to 5,000 writes or 10 MB, two at a time."""
        lines: list[bytes] = []
        refused: dict[int, WriteOutcome] = {}
        now = self._clock()
        for number, write in enumerate(writes):
            try:
                lines.append(write_lines(document_id(write.key), source_of(write, now)))
            except (RefusedDocument, InvalidKey) as error:
                refused[number] = WriteOutcome(WriteStatus.REFUSED, str(error))
        outcomes = self._writer.write(lines)
        for number, outcome in refused.items():
            outcomes.insert(number, outcome)
        return [self._placed(write.key, outcome) for write, outcome in zip(writes, outcomes, strict=True)]

    def get(self, key: str) -> Document | None:
        """See `ReadModel.get`; what was just written is seen at once."""
        (state,) = self.states([key])
        return state.document

    def version(self, key: str) -> str | None:
        """See `ReadModel.version`; a removal's marker has it too."""
        (got,) = self._got([document_id(key)])
        found = got.source.get(SOURCE_VERSION)
        return found if isinstance(found, str) else None

    def scan(self) -> Iterator[Document]:
        """See `ReadModel.scan`; all of one moment. Refreshes the index first, so that it shows what was written."""
        for hits in self._pages({"query": NO_MARKER}):
            for hit in hits:
                if (document := document_of(hit.id, hit.source)) is not None:
                    yield document

    def states(self, keys: Sequence[str]) -> list[State]:
        """See `ReadModel.states`; a state's mark is the write that it comes from."""
        return self._states.of(keys)

    def replace(self, replacements: Sequence[Replacement]) -> list[WriteOutcome]:
        """See `ReadModel.replace`; bulk requests as in `apply`. Any write since then makes it STALE."""
        outcomes = self._states.replace(replacements)
        keys = (replacement.write.key for replacement in replacements)
        return [self._placed(key, outcome) for key, outcome in zip(keys, outcomes, strict=True)]

    def given_back(self, put: Put) -> Fields:
        """See `ReadModel.given_back`."""
        return given_back(put)

    def search(self, text: str, limit: int) -> list[Document]:
        """See `Searchable.search`, `search_words` and `search_query`. Refreshes first, as a scan does."""
        words = search_words(text[:MAX_TEXT])
        if not words:
            return []
        alias = self._index.name
        with outages(alias):
            # Every generation, because the alias may move on to another one between the two requests.
            self._refresh(generations_pattern(alias))
            answer = self._client.search(index=alias, body=search_query(words, limit))
            hits = self._complete(answer, Page).hits.hits
        found = [document_of(hit.id, hit.source) for hit in hits]
        return [document for document in found if document is not None]

    def purge(self, older_than_epoch_seconds: float) -> int:
        """See `Purgeable.purge`."""
        body = {"query": markers_before(older_than_epoch_seconds), "_source": False, "seq_no_primary_term": True}
        return sum(self._delete(hits) for hits in self._pages(body))

    def close(self) -> None:
        """See `ReadModel.close`; the client is the caller's."""
        self._writer.close()

    def _got(self, ids: Sequence[str]) -> list[Got]:
        """What stands under ids, documents and markers."""
        found: list[Got] = []
        for start in range(0, len(ids), _PAGE):
            # The ids go in the body: in the address `..` would be a step up.
            with outages(self._place):
                page = self._client.mget(index=self._place, body={"ids": ids[start : start + _PAGE]})
                found += msgspec.convert(page, GotAnswer).docs
        for error in (got.error for got in found if got.error is not None):
            raise Outage(self.store, f"{self._place}: {error}")
        return found

    def _placed(self, key: str, outcome: WriteOutcome) -> WriteOutcome:
        """The outcome, with where it was in its reason."""
        if not outcome.reason:
            return outcome
        return WriteOutcome(outcome.status, f"{self._place} {key}: {outcome.reason}")

    def _send(self, body: bytes) -> Answer:
        try:
            raw = self._client.bulk(index=self._place, body=body, params={"filter_path": _ITEM_PATHS})
            answer = raw if isinstance(raw, BulkAnswer) else msgspec.convert(raw, BulkAnswer)
        except FAILURES as error:
            return Answer([], status(error), said(error))
        return Answer([item for items in answer.items for item in items.values()])

    def _delete(self, markers: Sequence[Hit]) -> int:
        answer = self._send(b"".join(delete_line(hit.id, hit.seq_no, hit.primary_term) for hit in markers))
        if answer.reason:
            raise Outage(self.store, f"{self._place}: {answer.reason}")
        # A marker that was replaced meanwhile, or purged by somebody else.
        failures = [item.error for item in answer.items if item.error is not None and item.status != 409]
        if failures:
            raise Outage(self.store, f"{self._place}: {failures[0]}")
        return sum(item.result == "deleted" for item in answer.items)

    def _pages(self, body: dict[str, Any]) -> Iterator[list[Hit]]:
        with outages(self._place):
            self._refresh(self._place)
            answer = self._client.search(
                index=self._place, body={"sort": ["_doc"], "size": _PAGE, **body}, params={"scroll": _PAGE_KEPT}
            )
            page = self._complete(answer, Page)
        try:
            while page.hits.hits:
                yield page.hits.hits
                with outages(self._place):
                    answer = self._client.scroll(body={"scroll_id": page.scroll_id, "scroll": _PAGE_KEPT})
                    page = self._complete(answer, Page)
        finally:
            # Otherwise OpenSearch lets go of it by itself, later.
            with suppress(OpenSearchException):
                self._client.clear_scroll(body={"scroll_id": [page.scroll_id]})

    def _refresh(self, name: str) -> None:
        self._complete(self._client.indices.refresh(index=name), ShardsAnswer)

    def _complete(self, answer: Any, kind: type[_Answered]) -> _Answered:
        """The answer, if it is of all shards: half of the documents would be a wrong answer."""
        answered = msgspec.convert(answer, kind)
        if answered.shards.failed or answered.timed_out:
            raise Outage(self.store, f"{self.name}: only a part of its shards answered")
        return answered
