"""A table's true history, seeded: the stream records it gives, and what the read models must hold in the end.

The expectation is computed from plain dictionaries alone; nothing of the pipeline is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from tests.records import record

Users = dict[int, dict[str, Any]]

FIRST = ("Ada", " Grace ", "", "Édith", "Linus")
LAST = ("Byron", "Hopper ", "", "Ng", "O'Neil")
WORKPLACES = ("acme", "initech", "")


@dataclass
class Truth:
    """`records` in the order they happened; `users` is the table at the end."""

    seed: int
    records: list[dict[str, Any]] = field(default_factory=list)
    users: Users = field(default_factory=dict)

    def app_users(self) -> dict[str, dict[str, Any]]:
        """What AppUsers_V2 must hold, as the dump writes it."""
        names = ("UserId", "Username", "Status", "Roles", "Preferences", "CreatedAt", "UpdatedAt")
        return {str(key): _document(user, names) for key, user in self.users.items()}

    def workplace_users(self) -> dict[str, dict[str, Any]]:
        """What WorkplaceUsers_V2 must hold."""
        names = ("UserId", "WorkplaceId", "Username", "JobTitle", "Department", "Skills", "Status", "UpdatedAt")
        return {str(key): _document(user, names) for key, user in self.users.items() if user.get("WorkplaceId")}

    def index(self) -> dict[str, dict[str, Any]]:
        """What the index workplace-users must hold."""
        snake = {"UserId": "user_id", "WorkplaceId": "workplace_id", "DisplayName": "display_name"}
        snake |= {"JobTitle": "job_title", "UpdatedAt": "updated_at"}
        return {
            key: {snake.get(name, name.lower()): value for name, value in user.items()}
            for key, user in self.workplace_users().items()
        }


def _document(user: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    document = {name: user[name] for name in names if name in user}
    if "Roles" in document:
        document["Roles"] = sorted(document["Roles"])
    if "Email" in user:
        document["Email"] = user["Email"].strip().lower()
    full = " ".join(part for part in (user.get("FirstName", "").strip(), user.get("LastName", "").strip()) if part)
    if full or "Username" in user:
        document["DisplayName"] = full or user["Username"]
    return document


def history(seed: int, changes: int, users: int) -> Truth:
    """So many changes to at most so many users."""
    random, truth = Random(seed), Truth(seed)
    for sequence in range(1, changes + 1):
        user_id = random.randrange(1, users + 1)
        before = truth.users.get(user_id)
        if before is None:
            after: dict[str, Any] | None = _new(random, user_id, sequence)
        elif random.random() < 0.12:
            after = None
        else:
            after = _changed(random, before, sequence)
        truth.records.append(_record(user_id, sequence, before, after))
        if after is None:
            del truth.users[user_id]
        else:
            truth.users[user_id] = after
    return truth


def resent(truth: Truth, random: Random) -> list[dict[str, Any]]:
    """The records as a stream may deliver them: 5 % twice, and old batches again after new ones."""
    delivered: list[dict[str, Any]] = []
    for at, one in enumerate(truth.records):
        delivered.append(one)
        if random.random() < 0.05:
            delivered.append(one)
        if at % 700 == 699:
            start = random.randrange(at)
            delivered += truth.records[start : start + random.randrange(1, 300)]
    return delivered


def _new(random: Random, user_id: int, now: int) -> dict[str, Any]:
    user = {
        "Username": f"user{user_id}",
        "Email": f" User{user_id}@Example.com ",
        "FirstName": random.choice(FIRST),
        "LastName": random.choice(LAST),
        "Status": random.choice(("active", "invited", "")),
        "WorkplaceId": random.choice(WORKPLACES),
        "JobTitle": "Nurse",
        "Department": "Care",
        "Roles": frozenset(random.sample(("admin", "member", "guest"), 2)),
        "Skills": random.sample(["sql", "kafka", "first aid"], random.randrange(4)),
        "Preferences": {"theme": "dark", "limit": Decimal("1.5"), "nested": {"on": True, "list": [1, "a", None]}},
        "Avatar": bytes([user_id % 256, 255]),
        "LastLoginAt": now,
        "CreatedAt": now,
        "UpdatedAt": now,
        "Score": Decimal("0." + "1234567890" * 3 + "12345678"),
    }
    for name in random.sample(sorted(user), random.randrange(4)):
        del user[name]
    return {"UserId": user_id, **user}


def _changed(random: Random, user: dict[str, Any], now: int) -> dict[str, Any]:
    change = random.randrange(5)
    if change == 0:
        return {**user, "LastLoginAt": now}
    if change == 1:
        return {**user, "WorkplaceId": random.choice(WORKPLACES), "UpdatedAt": now}
    if change == 2:
        return {name: value for name, value in user.items() if name != "WorkplaceId"}
    if change == 3:
        return {**user, "LastName": random.choice(LAST), "Roles": frozenset({"member"}), "UpdatedAt": now}
    return _new(random, user["UserId"], now)


def _record(user_id: int, sequence: int, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    def without_key(user: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if user is None else {name: value for name, value in user.items() if name != "UserId"}

    operation = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    # As on AWS: numbers of many digits, growing, with gaps.
    number = 100_000_000_000_000_000_000 + sequence * 7
    return record(operation, number, user_id=user_id, before=without_key(before), after=without_key(after))
