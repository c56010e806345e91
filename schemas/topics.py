"""The topics, one a table: their names, partitions and limits (design section 3). A new table is one line here.

The view type stands here and not at the bridge, because both sides go by it: the bridge checks the table's stream
against it, and a group that needs an image it does not carry is refused at start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from schemas.change_event import ViewType
from schemas.errors import UnknownTopic

if TYPE_CHECKING:  # whose topics have no filter need not load the language
    from schemas.filters import Filter

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""The largest message of a topic: two legal 400 KB images can reach 6 MiB."""
MAX_DEAD_LETTER_BYTES = 9 * 1024 * 1024
"""The largest dead letter: a whole message and its headers."""

BRIDGE_DEAD_LETTERS = "bridge.dead-letters"
"""Dead letters of stream records that belong to no known table."""
DEAD_LETTERS_SUFFIX = ".dead-letters"


class Topic(msgspec.Struct, frozen=True):
    """One table's topic. `partitions` never changes once the topic exists; `item_record` names tables/<it>.avsc.

    `published` is the bridge's filter over records, None: it publishes every one. What it drops is in no log, so a
    table with one can be neither verified against its log nor repaired from it.
    """

    table: str
    name: str
    item_record: str
    partitions: int = 6
    view_type: ViewType = ViewType.NEW_AND_OLD_IMAGES
    published: Filter | None = None

    @property
    def subject(self) -> str:
        """The registry's name for the topic's values."""
        return f"{self.name}-value"


TOPICS = (
    Topic("Users", "users.changes", item_record="users"),
    Topic("WorkplaceUsers_V2", "workplace-users-v2.changes", item_record="workplace_users_v2"),
)


def topic_named(name: str) -> Topic:
    """The topic of that name. Raises UnknownTopic."""
    for topic in TOPICS:
        if topic.name == name:
            return topic
    raise UnknownTopic(f"there is no topic {name}; known: {', '.join(topic.name for topic in TOPICS)}")


def dead_letters_of(owner: str) -> str:
    """The dead-letter topic of a group or of a topic's bridge."""
    return owner + DEAD_LETTERS_SUFFIX


def max_bytes(topic: str) -> int:
    """The largest message (key, value and headers) that a topic takes."""
    return MAX_DEAD_LETTER_BYTES if topic.endswith(DEAD_LETTERS_SUFFIX) else MAX_MESSAGE_BYTES
