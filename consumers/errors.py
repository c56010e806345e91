"""What can go wrong between a topic and a read model."""

from __future__ import annotations

from collections.abc import Sequence


class ConsumersError(Exception):
    """Base of every error this package raises on purpose."""


class MissingImage(ConsumersError):
    """Raised when an event does not carry an image that its group needs: the event is poison to that group."""


class WrongKey(ConsumersError):
    """Raised when a projection wrote under a key that is not its event's: the event is poison to that group."""


class GroupRefused(ConsumersError):
    """Raised at start when a group cannot run as it is declared; the message names the cure."""


class GenerationRefused(ConsumersError):
    """Raised when a generation cannot be promoted, retired or read as it was asked for; nothing was changed."""


class GroupStopped(ConsumersError):
    """Raised when a group cannot go on; nothing it had not finished is committed."""


class RefusedDocument(ConsumersError):
    """Raised inside a read model when its store will never take a document; it becomes the outcome REFUSED."""


class LostRace(ConsumersError):
    """Raised when other writers of the same document were faster time and again: an outage, to be tried again."""


class Outage(ConsumersError):
    """Raised when something that a group needs cannot be used just now; it is to be tried again, and nothing is lost.

    `of` is what is away, as a person calls it (`OpenSearch`); `reason` what it said.
    """

    def __init__(self, of: str, reason: str) -> None:
        super().__init__(f"{of} cannot be used just now: {reason}")
        self.of, self.reason = of, reason


class GroupBusy(ConsumersError):
    """Raised when a group's positions are to be set and it has members, which would go on from their own."""

    def __init__(self, group: str, members: Sequence[str]) -> None:
        there = f"members ({', '.join(members)})" if members else "a member that has just joined"
        super().__init__(
            f"the group {group} has {there}, and its positions can be set while it has none; stop it first"
        )
        self.group, self.members = group, tuple(members)


class TooManyDeadLetters(ConsumersError):
    """Raised when so many deliveries became dead letters that it is the group, or its topic, that is wrong."""

    def __init__(self, group: str, letters: int, deliveries: int) -> None:
        super().__init__(
            f"{letters} of its last {deliveries} deliveries became dead letters, more than its limit allows; look at "
            f"`distributary dead-letters list {group}`"
        )


class DeadLetterLost(ConsumersError):
    """Raised when a dead letter cannot be written: the group stops, because going on would lose the delivery."""


class TruncatedTopic(ConsumersError):
    """Raised when deliveries that a group has not seen are no longer in its topic."""
