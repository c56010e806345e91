"""A write to a DynamoDB table on its way to an outcome."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.read_model import WriteOutcome, WriteStatus
from consumers.read_models.dynamodb_answers import is_of_one_write_alone
from consumers.read_models.version_guard import Answer, Step, Steps
from consumers.writes import VersionedWrite
from schemas.attribute_values import Attributes


@dataclass(slots=True)
class Pending:
    """A write to `table`: the step that comes next of its run, and its outcome once it has one.

    `attributes` are those of its document; none where it is a removal.
    """

    table: str
    write: VersionedWrite
    attributes: Attributes
    run: Steps
    step: Step
    outcome: WriteOutcome | None = None

    def take(self, given: tuple[Answer, ...]) -> None:
        """Goes on by the answers of the step."""
        try:
            self.step = self.run.send(given)
        except StopIteration as end:
            self.outcome = end.value

    def refuse(self, reason: object) -> None:
        """The document, or its key, is one that the table cannot hold."""
        self.outcome = WriteOutcome(WriteStatus.REFUSED, f"{self.table} {self.write.key}: {reason}")

    def fail(self, reason: object) -> str:
        """It is not known to be done; the whole reason."""
        self.outcome = WriteOutcome(WriteStatus.FAILED, f"{self.table} {self.write.key}: {reason}")
        return self.outcome.reason

    def fail_by(self, error: Exception, away: list[str]) -> None:
        """The same by what a call raised, which is added to `away` where no other write would get through either."""
        reason = self.fail(error)
        if not is_of_one_write_alone(error):
            away.append(reason)
