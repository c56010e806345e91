"""What an operator can meet: each message is one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class DistributaryError(Exception):
    """Base of every error this package raises on purpose; the command prints it and exits with 1."""


class UnreadableFeed(DistributaryError):
    """Raised when a file to feed holds no stream records that can be told apart; nothing of it was fed."""


class FeedStopped(DistributaryError):
    """Raised when a feed was stopped with records left that nobody took."""


class RecordsReturned(DistributaryError):
    """Raised when the bridge kept returning a record; the feed ended there."""


class UnusableFolder(DistributaryError):
    """Raised when a home, or the folder of a dump, cannot be written to."""


class NoPipeline(DistributaryError):
    """Raised when a command needs a running pipeline and there is none in its home."""


class HomeInUse(DistributaryError):
    """Raised when another pipeline runs in the same home."""


class UnknownName(DistributaryError):
    """Raised when a read model, a group or a document is asked for that does not exist."""


class LettersLeft(DistributaryError):
    """Raised when dead letters that were redriven stay open: some are still poison, or too old to apply in place."""


class NothingChosen(DistributaryError):
    """Raised when something is to be thrown away and nobody said what."""


class LogIncomplete(DistributaryError):
    """Raised when a topic does not hold every change of its table, so that it cannot be gone by."""


class CaptureUnchecked(DistributaryError):
    """Raised when nothing shows that a table's changes are being captured."""


class BridgeBehind(DistributaryError):
    """Raised when the bridge does not come to the end of its streams in time."""


class UnreadableKeys(DistributaryError):
    """Raised when a file of keys cannot be read, or holds a line that is no key; nothing was done."""


class KeysLeft(DistributaryError):
    """Raised when keys that were to be repaired are not: they kept changing, or their items cannot become events."""


class Stopped(DistributaryError):
    """Raised when a command was told to stop before its end; the message says how it goes on."""


class NotDrained(DistributaryError):
    """Raised when a pipeline was to be drained and is not: time ran out, or the run was stopped before."""


class ToolMissing(DistributaryError):
    """Raised when the servers need something of this machine that it does not have: a JDK, Maven, cargo, a user,
    a container engine."""


class NotFetched(DistributaryError):
    """Raised when a server's program could not be fetched or built."""


class WrongChecksum(DistributaryError):
    """Raised when what was fetched is not, byte for byte, what it should be; nothing of it is kept."""


class ServerFailed(DistributaryError):
    """Raised when a server could not be started, or is needed and does not run."""


class PartStopped(DistributaryError):
    """Raised when a part of the pipeline that runs in a process of its own cannot go on."""


class Unaccounted(DistributaryError):
    """Raised when accounts do not balance: records were read and nobody knows what became of them. `rows`: them."""

    def __init__(self, rows: Sequence[Mapping[str, object]]) -> None:
        super().__init__(f"the bridge's accounts do not balance, which is a defect; report it with these: {rows}")
        self.rows = rows


class RunInProgress(DistributaryError):
    """Raised when others are at work on the same thing, otherwise than now asked for."""


class PlaceTaken(DistributaryError):
    """Raised when what is to be made anew is there already."""


class OldMember(DistributaryError):
    """Raised when a member of the group still runs with another version of its projection."""


class UnusableMoment(DistributaryError):
    """Raised when a time or an offset is named that the log has not."""


class Differs(DistributaryError):
    """Raised when a read model is not what its log says."""


class NotRebuilt(DistributaryError):
    """Raised when a rebuild has left keys behind."""


class TopicsUnusable(DistributaryError):
    """Raised when the topics cannot be made, or are not as they are declared."""


class PortTaken(DistributaryError):
    """Raised when the pages of a part cannot be served, because another program has the port, say."""


class SettingMissing(DistributaryError):
    """Raised when a part that runs alone is not told where something is that it needs."""


class NotPromoted(DistributaryError):
    """Raised when a generation is not to be read yet: it lags, or differs from the log. Nothing was changed."""
