"""What goes wrong with OpenSearch, told apart and put into words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import msgspec
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError

from consumers.errors import Outage
from consumers.read_models.opensearch_answers import Complaint

STORE = "OpenSearch"
FAILURES: tuple[type[Exception], ...] = (OpenSearchException, msgspec.ValidationError)
_TIMED_OUT = 408


@contextmanager
def outages(place: str) -> Iterator[None]:
    """Raises Outage of the place for whatever fails within."""
    try:
        yield
    except FAILURES as error:
        raise Outage(STORE, f"{place}: {said(error)}") from error


def status(error: Exception) -> int:
    """The HTTP status; 0 where nothing was answered, 200 where it was not understood."""
    if isinstance(error, ConnectionTimeout):
        return _TIMED_OUT
    if isinstance(error, TransportError):
        return error.status_code if isinstance(error.status_code, int) else 0
    return 200


def said(error: Exception) -> str:
    """What OpenSearch, or its client, says is wrong."""
    info = error.info if isinstance(error, TransportError) else None
    if isinstance(info, Mapping) and isinstance(info.get("error"), Mapping):
        with suppress(msgspec.ValidationError):
            return str(msgspec.convert(info["error"], Complaint))
    return str(error)
