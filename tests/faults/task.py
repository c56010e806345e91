"""What a member of a fault's test is asked to do; the test and the member's process both read it."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from consumers.group import Group
from consumers.groups import GROUPS
from consumers.projection import Projection, one_document
from consumers.projections.user_search import FIELDS
from consumers.projections.workplace_users import workplace_user
from consumers.writes import Fields
from schemas.attribute_values import Item

SESSION_MS = 2_500
"""After how long without a heartbeat a member is taken for dead."""
STEPS = (
    "poll",
    "decode",
    "filter",
    "project",
    "before apply",
    "half applied",
    "after apply",
    "before letter",
    "after letter",
    "before commit",
    "after commit",
)
"""Where a member may be told to stop: the numbered steps of a turn, and the gaps in them."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One member of the group `name`, which is `kind` on the test's own topic and read model.

    At the `times`th time that it comes to `step` it sends itself `signal`. `protocol`: the group's.
    """

    kind: str
    name: str
    topic: str
    read_model: str
    step: str = ""
    times: int = 1
    signal: int = 0
    protocol: str = "consumer"

    @property
    def group(self) -> Group:
        """The group."""
        declared = _KINDS[self.kind]
        return replace(
            declared, family=self.name, topic=self.topic, read_model=replace(declared.read_model, name=self.read_model)
        )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a member says of itself between two turns. `step`: the one at which it is about to send itself the signal;
    `stopped`: why it has stopped; `kilobytes`: the most memory it ever had.
    """

    outcomes: dict[str, int] = {}
    polled: int = 0
    returned: int = 0
    under_way: int = 0
    unaccounted: int = 0
    retries: int = 0
    waits_for: str = ""
    since: float = 0.0
    reason: str = ""
    step: str = ""
    stopped: str = ""
    ended: bool = False
    kilobytes: int = 0

    @property
    def finished(self) -> int:
        """How many deliveries have an outcome."""
        return sum(self.outcomes.values())


def _found_workplace_user(user: Item) -> Fields:
    return {FIELDS[name]: value for name, value in workplace_user(user).items()}


_APP_USERS, _WORKPLACE_USERS, _USER_SEARCH = GROUPS
_KINDS = {
    "app-users": _APP_USERS,
    "workplace-users": _WORKPLACE_USERS,
    "user-search": _USER_SEARCH,
    # What `workplace-users` and `user-search` do one after the other, in one go: OpenSearch without a second table.
    "users-to-search": replace(
        _USER_SEARCH,
        projection=Projection("users-to-search", version=1, project=one_document(_found_workplace_user)),
        where=_WORKPLACE_USERS.where,
    ),
}
