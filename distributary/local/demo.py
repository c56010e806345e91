"""Users who sign up, move workplace, change names, log in, expire and are deleted, for somebody to watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from schemas.attribute_values import attribute_value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

User: TypeAlias = dict[str, Any]

FIRST_NAMES = ("Ada", "Grace", "Linus", "Margaret", "Edsger", "Barbara", "Ken", "Frances", "Donald", "Radia")
LAST_NAMES = ("Byron", "Hopper", "Moreau", "Okafor", "Lindqvist", "Tanaka", "Silva", "Novák", "Haddad", "Kaur")
WORKPLACES = ("acme", "initech", "globex", "umbrella")
JOBS = (("Analyst", "Finance"), ("Developer", "Engineering"), ("Nurse", "Care"), ("Designer", "Product"))
SKILLS = ("python", "kafka", "sql", "welding", "first aid", "negotiation", "drawing")
LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens to one user: a sentence, and the write that does it."""

    user_id: int
    sentence: str
    write: Callable[[DynamoDBClient], object]


class Demo:
    """An endless story, the same for the same seed. `clock` dates it, in epoch seconds."""

    def __init__(self, seed: int, clock: Callable[[], float], table: str = "Users") -> None:
        self._random = Random(seed)
        self._clock = clock
        self._table = table
        self._users: dict[int, User] = {}
        self._last_id = 0

    def acts(self) -> Iterator[Act]:
        """What happens next, for ever; each act supposes that the one before was carried out."""
        changes = (
            self._moves,
            self._moves,
            self._changes_name,
            self._logs_in,
            self._leaves,
            self._expires,
            self._deletes,
        )
        while True:
            if len(self._users) < 3 or (len(self._users) < 12 and self._random.random() < 0.35):
                yield self._signs_up()
            else:
                yield self._random.choice(changes)(self._random.choice(list(self._users.values())))

    def _signs_up(self) -> Act:
        self._last_id += 1
        first, last = self._random.choice(FIRST_NAMES), self._random.choice(LAST_NAMES)
        job, department = self._random.choice(JOBS)
        now = int(self._clock())
        user = {
            "UserId": self._last_id,
            "Username": f"{first}{self._last_id}".lower(),
            "Email": f" {first}.{last}@Example.com",
            "FirstName": first,
            "LastName": last,
            "Status": "active",
            "JobTitle": job,
            "Department": department,
            "Roles": frozenset({"member"}),
            "Skills": self._random.sample(SKILLS, 2),
            "Preferences": {"theme": self._random.choice(("dark", "light")), "digest": True},
            "CreatedAt": now,
            "UpdatedAt": now,
            "ExpiresAt": now + LIFETIME,
        }
        if self._random.random() < 0.6:
            user["WorkplaceId"] = self._random.choice(WORKPLACES)
        where = f" at {user['WorkplaceId']}" if "WorkplaceId" in user else ""
        return self._put(user, f"{_name(user)} signs up{where}")

    def _moves(self, user: User) -> Act:
        workplace = self._random.choice([name for name in WORKPLACES if name != user.get("WorkplaceId")])
        does = "moves to" if "WorkplaceId" in user else "starts at"
        return self._put({**user, "WorkplaceId": workplace}, f"{_name(user)} {does} {workplace}")

    def _changes_name(self, user: User) -> Act:
        changed = {**user, "LastName": self._random.choice([name for name in LAST_NAMES if name != user["LastName"]])}
        return self._put(changed, f"{_name(user)} is now {_name(changed)}")

    def _logs_in(self, user: User) -> Act:
        changed = {**user, "LastLoginAt": int(self._clock())}
        return self._write(changed, f"{_name(user)} logs in (filtered by app-users)")

    def _leaves(self, user: User) -> Act:
        if "WorkplaceId" not in user:
            return self._moves(user)
        changed = {name: value for name, value in user.items() if name != "WorkplaceId"}
        return self._put(changed, f"{_name(user)} leaves {user['WorkplaceId']}")

    def _expires(self, user: User) -> Act:
        return self._remove(user, f"{_name(user)} expires (simulated: the local DynamoDB has no TTL)")

    def _deletes(self, user: User) -> Act:
        return self._remove(user, f"{_name(user)} is deleted")

    def _put(self, user: User, sentence: str) -> Act:
        return self._write({**user, "UpdatedAt": max(int(self._clock()), user["UpdatedAt"])}, sentence)

    def _write(self, user: User, sentence: str) -> Act:
        self._users[user["UserId"]] = user
        item = {name: attribute_value(value) for name, value in user.items()}
        return Act(user["UserId"], sentence, lambda client: client.put_item(TableName=self._table, Item=item))

    def _remove(self, user: User, sentence: str) -> Act:
        del self._users[user["UserId"]]
        key = {"UserId": attribute_value(user["UserId"])}
        return Act(user["UserId"], sentence, lambda client: client.delete_item(TableName=self._table, Key=key))


def _name(user: User) -> str:
    return f"{user['FirstName']} {user['LastName']}"
