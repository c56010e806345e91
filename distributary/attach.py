"""A running pipeline, as another terminal reaches it: the same adapters on the same stores."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import httpx

from distributary.errors import NoPipeline
from distributary.home import Home


class Attached:
    """The pipeline that runs in a home. Raises NoPipeline where none does."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.running = self.home.running()

    def still_running(self) -> None:
        """Raises NoPipeline where it is no longer the same pipeline that runs in the home."""
        if self.home.running() != self.running:
            raise NoPipeline(f"the pipeline in {self.home.folder} was started anew meanwhile; do this again")

    def status(self) -> dict[str, Any]:
        """See `distributary.status.status`."""
        return self._ask("status")

    def drained(self) -> bool:
        """See `Pipeline.drained`."""
        return bool(self._ask("drained")["drained"])

    def passed(self) -> bool:
        """See `Pipeline.passed`."""
        return bool(self._ask("passed")["passed"])

    def wait_until_drained(self, seconds: float) -> bool:
        """Asks until the pipeline is drained, `seconds` at the most; whether it is."""
        end, pause = monotonic() + seconds, Event()
        while not self.drained():
            if monotonic() > end:
                return False
            pause.wait(0.05)
        return True

    def _ask(self, page: str) -> dict[str, Any]:
        try:
            answer = httpx.get(f"{self.running.url}/-/{page}", timeout=30.0, trust_env=False)
            answer.raise_for_status()
            return dict(answer.json())
        except httpx.HTTPError as error:
            raise NoPipeline(
                f"the pipeline in {self.home.folder} (process {self.running.pid}) does not answer at "
                f"{self.running.url}: {error}; is it stopping? look again, or start it anew"
            ) from None


class BridgeAt:
    """The bridge whose pages are at `url`: those of `distributary bridge`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def status(self) -> dict[str, Any]:
        """See `distributary.status.status`. Raises NoPipeline."""
        return self._ask("status")

    def passed(self) -> bool:
        """See `Pipeline.passed`. Raises NoPipeline."""
        return bool(self._ask("passed")["passed"])

    def _ask(self, page: str) -> dict[str, Any]:
        try:
            answer = httpx.get(f"{self._url}/{page}", timeout=30.0, trust_env=False)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NoPipeline(f"no bridge answers at {self._url}: {error}; give the URL of its pages") from None
