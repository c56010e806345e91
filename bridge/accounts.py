"""What became of the records the bridge read: nothing is counted twice, nothing is not counted."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

WHOLE_BATCH = ""
"""What `BatchResult.returned` says where the record to return has no sequence number: all of it comes again."""


class Accounts(msgspec.Struct):
    """What became of one table's records: `read` is always the sum of the others."""

    read: int = 0
    published: int = 0
    filtered: int = 0
    dead_lettered: int = 0
    returned: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every record that was read is accounted for."""
        return self.unaccounted == 0

    @property
    def unaccounted(self) -> int:
        """Records that were read and of which nobody knows what became: 0."""
        return self.read - self.published - self.filtered - self.dead_lettered - self.returned

    def add(self, other: Accounts) -> None:
        """Adds another batch's accounts to these."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_row(self, table: str | None) -> dict[str, str | int | None]:
        """The accounts as they are printed: the table's name and the counts."""
        return {"table": table, **msgspec.structs.asdict(self)}


class BatchResult(msgspec.Struct, frozen=True):
    """What became of a batch: the accounts by table (None: no known table), and the record to go on from.

    `returned` is the sequence number of the first record that was not done, WHOLE_BATCH where it has none, None where
    all are done; `reason` says why.
    """

    accounts: Mapping[str | None, Accounts]
    returned: str | None = None
    reason: str = ""
