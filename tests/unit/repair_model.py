"""A model of one key of a table, its stream, a bridge that lags and has lost some of it, and the log.

`Repair` itself runs in it, through ports that let the world go on before each of their calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bridge.statements import Statement
from distributary.repair import Repair, Verdict
from schemas.attribute_values import Attributes
from schemas.versions import version

KEY: dict[str, Attributes] = {"1": {"UserId": {"N": "1"}}}
EPOCH = "2026-01-01T00:00:00.000"


class Act(Enum):
    """What happens before a call."""

    NOTHING = "nothing"
    PUT = "put"
    DELETE = "delete"
    RELAY = "relay"
    PUT_THROUGH = "put, and relayed at once"


@dataclass
class World:
    """The item is the number of the change that wrote it; None: there is none. The log holds versions and items."""

    acts: Sequence[Act] = ()
    waits: bool = True
    item: int | None = None
    changes: int = 0
    stream: list[tuple[str, int | None]] = field(default_factory=list)
    log: list[tuple[str, int | None]] = field(default_factory=list)
    calls: int = 0
    _read: int = 0

    def change(self, act: Act, *, lost: bool = False) -> None:
        """A write to the table; to delete what is not there changes nothing."""
        if act is Act.DELETE and self.item is None:
            return
        self.changes += 1
        self.item = self.changes if act is Act.PUT else None
        if not lost:
            self.stream.append((version(EPOCH, str(self.changes)), self.item))

    def relay(self, number: int = 1) -> None:
        """The bridge relays the next changes."""
        self.log += self.stream[:number]
        del self.stream[:number]

    def holds(self) -> int | None:
        """What a read model holds in the end: the item of the highest version, the first of equals."""
        highest, found = "", None
        for each, item in [*self.log, *self.stream]:
            if each > highest:
                highest, found = each, item
        return found

    def _go_on(self) -> None:
        act = self.acts[self.calls] if self.calls < len(self.acts) else Act.NOTHING
        self.calls += 1
        if act is Act.RELAY:
            self.relay()
        elif act is Act.PUT_THROUGH:
            self.change(Act.PUT)
            self.relay(len(self.stream))
        elif act is not Act.NOTHING:
            self.change(act)

    def read_on(self) -> None:
        """See `Versions`."""
        self._go_on()
        self._read = len(self.log)

    def of(self, key: bytes) -> str | None:
        """See `Versions`."""
        return max((each for each, _ in self.log[: self._read]), default=None)

    def get(self, table: str, keys: Sequence[Attributes]) -> list[Attributes | None]:
        """See `ItemReader`."""
        self._go_on()
        return [None if self.item is None else {"Change": {"N": str(self.item)}}]

    def passed(self) -> None:
        """The bridge has relayed all that was committed before the call."""
        self._go_on()
        if self.waits:
            self.relay(len(self.stream))

    def publish(self, statements: Sequence[Statement], timeout: float) -> list[str]:
        """See `Stating`."""
        self._go_on()
        for stated in statements:
            item = None if stated.item is None else int(stated.item["Change"]["N"])
            self.log.append((stated.version, item))
        return [""] * len(statements)


def repaired(world: World, kind: Callable[..., Repair] = Repair) -> Verdict:
    """What became of the key."""
    (verdict,) = kind("Users", world, world, world.passed, world, lambda: 0.0).repair(KEY)
    return verdict
