"""The bridge's accounts of this process, whoever handed over the records."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from bridge.accounts import Accounts, BatchResult


class Ledger:
    """Adds up the accounts of batches by table. Thread-safe; `tables` have a row from the start.

    `reason` is why a record was returned last.
    """

    def __init__(self, tables: Iterable[str]) -> None:
        self._accounts: dict[str | None, Accounts] = {table: Accounts() for table in tables}
        self._lock = Lock()
        self.reason = "it is not known why"

    def observe(self, result: BatchResult) -> None:
        """Adds one batch."""
        with self._lock:
            for table, accounts in result.accounts.items():
                self._accounts.setdefault(table, Accounts()).add(accounts)
            self.reason = result.reason or self.reason

    def rows(self) -> list[dict[str, str | int | None]]:
        """The accounts by table as they are printed; records of no known table stand in a row whose table is null."""
        with self._lock:
            return [accounts.as_row(table) for table, accounts in self._accounts.items()]

    @property
    def balanced(self) -> bool:
        """Whether every record that was read is accounted for."""
        with self._lock:
            return all(accounts.balanced for accounts in self._accounts.values())
