"""The dead letters of groups and of the bridge, as an operator looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bridge.errors import BridgeError
from bridge.stream_record import parse
from consumers.groups import GROUPS
from consumers.subscription import Log
from distributary.errors import UnknownName
from schemas.attribute_checks import check_attributes
from schemas.dead_letters import DeadLetter, read_dead_letter
from schemas.errors import SchemasError
from schemas.event_schema import item_key_of
from schemas.keys import key_of, key_text
from schemas.topics import BRIDGE_DEAD_LETTERS, TOPICS, dead_letters_of

UNKNOWN_TABLE = "bridge:-"


def owners() -> dict[str, str]:
    """Whose dead letters there are, and in which topic: a group's name, `bridge:<table>`, and `bridge:-`."""
    return {
        **{group.name: dead_letters_of(group.name) for group in GROUPS},
        **{f"bridge:{topic.table}": dead_letters_of(topic.name) for topic in TOPICS},
        UNKNOWN_TABLE: BRIDGE_DEAD_LETTERS,
    }


def open_letters(log: Log, owner: str) -> Iterator[DeadLetter]:
    """The owner's letters that nothing has resolved, the latest of each place. Raises UnknownName."""
    if owner not in owners():
        raise UnknownName(f"there are no dead letters of {owner!r}; there are those of {', '.join(owners())}")
    yield from letters_in(log, owners()[owner])


def letters_in(log: Log, topic: str) -> Iterator[DeadLetter]:
    """The letters of a dead-letter topic that are open; offsets may be missing in it, as compaction leaves them."""
    latest: dict[bytes, DeadLetter] = {}
    beginnings = log.beginnings(topic)
    for partition, end in log.ends(topic).items():
        for delivery in log.read(topic, partition, beginnings.get(partition, 0), end):
            key = delivery.key or b""
            latest.pop(key, None)
            if delivery.value is not None:
                latest[key] = read_dead_letter(key, delivery.value, delivery.headers)
    yield from latest.values()


def open_letter(letters: Iterable[DeadLetter], owner: str, place: str) -> DeadLetter:
    """The letter, of the owner's open ones, of that place, or of the only place that begins so. Raises UnknownName."""
    found = [letter for letter in letters if letter.place.startswith(place)]
    exact = [letter for letter in found if letter.place == place]
    if len(exact or found) != 1:
        many = f"{len(found)} places begin so; give more of it" if found else "see `distributary dead-letters list`"
        raise UnknownName(f"{owner} has no dead letter {place!r}: {many}")
    return (exact or found)[0]


def letter_key(owner: str, letter: DeadLetter) -> str | None:
    """The text of the item key that the letter is about; None where it cannot be told."""
    if letter.original_key is not None:
        return letter.original_key.decode(errors="replace")
    for topic in TOPICS:
        if owner == f"bridge:{topic.table}":
            try:
                change: Any = parse(letter.body).get("dynamodb")
                keys = check_attributes(change["Keys"], "Keys")
                return key_text(key_of(keys, item_key_of(topic), "Keys"))
            except (BridgeError, SchemasError, TypeError, KeyError):
                return None
    return None


def row(owner: str, letter: DeadLetter) -> dict[str, Any]:
    """A letter as it is listed, without its bytes."""
    return {
        "owner": owner,
        "place": letter.place,
        "key": letter_key(owner, letter),
        "stage": letter.stage,
        "error": letter.error,
        "message": letter.message,
        "version": letter.version,
        "attempts": letter.attempts,
        "first_seen": letter.first_seen,
        "bytes": len(letter.value or b""),
    }
