"""Whether a server on loopback answers yet."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

from distributary.local.servers.ports import HOST

_SECONDS = 2.0


def status_of(port: int, path: str) -> int | None:
    """The status of a GET, asked of loopback whatever proxies there are; None where nobody answers."""
    connection = HTTPConnection(HOST, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
