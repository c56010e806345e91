"""What read models need now and then, whoever writes to them: markers of old removals are purged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Event

from consumers.errors import Outage
from consumers.read_model import REMOVALS_KEPT_SECONDS, Purgeable, ReadModel

PURGE_SECONDS = 3600.0
"""How often."""

logger = logging.getLogger("distributary")


class Upkeep:
    """Purges read models every now and then. `clock` gives epoch seconds."""

    def __init__(self, read_models: Iterable[ReadModel], clock: Callable[[], float]) -> None:
        self._read_models = [model for model in read_models if isinstance(model, Purgeable)]
        self._clock = clock

    def run(self, stop: Event) -> None:
        """Purges until `stop` is set; what cannot be reached is purged the next time."""
        while self._read_models and not stop.wait(PURGE_SECONDS):
            self.purge()

    def purge(self) -> int:
        """Purges once; how many markers went."""
        gone = 0
        for read_model in self._read_models:
            try:
                gone += read_model.purge(self._clock() - REMOVALS_KEPT_SECONDS)
            except Outage as outage:
                logger.warning("old removals stay a while longer: %s", outage)
        return gone
