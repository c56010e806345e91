"""Seeded stream records: 20 % INSERT, 70 % MODIFY, 10 % REMOVE, both images, 16 attributes of a user, any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Literal

import msgspec

from schemas.attribute_values import attribute_value

Keys = Literal["uniform", "zipf", "hot"]
Record = dict[str, Any]

_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000"
_INSERTS, _MODIFIES = 0.2, 0.9
_SMALLEST = 700
"""Bytes of an image without anything to fill it up; a smaller one has the fewest attributes, about 100 bytes."""
_FEWEST = ("UserId", "Status", "WorkplaceId", "UpdatedAt")


def records(
    number: int, *, seed: int = 1, image_bytes: int = 1000, keys: Keys = "uniform", users: int | None = None
) -> list[Record]:
    """So many records of at most `users` users (by default as many), images of about `image_bytes` as DynamoDB JSON."""
    return list(stream(number, seed=seed, image_bytes=image_bytes, keys=keys, users=users))


def stream(
    number: int, *, seed: int = 1, image_bytes: int = 1000, keys: Keys = "uniform", users: int | None = None
) -> Iterator[Record]:
    """The same, one after the other."""
    random = Random(seed)
    chosen = _chosen(random, keys, users or number)
    return (_record(random, next(chosen), sequence, image_bytes) for sequence in range(1, number + 1))


def event(batch: Sequence[Record]) -> bytes:
    """The event that Lambda would be invoked with."""
    return msgspec.json.encode({"Records": batch})


def _chosen(random: Random, keys: Keys, users: int) -> Iterator[int]:
    if keys == "zipf":
        weights = [1 / rank for rank in range(1, users + 1)]
        while True:
            yield from random.choices(range(1, users + 1), weights, k=1000)
    while True:
        yield 1 if keys == "hot" else random.randrange(1, users + 1)


def _record(random: Random, user_id: int, sequence: int, image_bytes: int) -> Record:
    kind = random.random()
    before, after = (_user(random, user_id, sequence + at, image_bytes) for at in (0, 1))
    change: Record = {
        "ApproximateCreationDateTime": 1_770_000_000 + sequence // 1000,
        "Keys": {"UserId": {"N": str(user_id)}},
        "SequenceNumber": str(100_000_000_000_000_000_000 + sequence * 7),
        "SizeBytes": 2 * image_bytes,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if kind >= _INSERTS:
        change["OldImage"] = before
    if kind < _MODIFIES:
        change["NewImage"] = after
    return {
        "eventID": f"{sequence:032x}",
        "eventName": "INSERT" if kind < _INSERTS else "MODIFY" if kind < _MODIFIES else "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": _ARN,
    }


def _user(random: Random, user_id: int, now: int, image_bytes: int) -> Mapping[str, Any]:
    preferences: dict[str, Any] = {
        "theme": random.choice(("dark", "light")),
        "limits": {"daily": 100, "hourly": 10, "burst": [1, 2, 3]},
        "notifications": {"email": True, "push": False, "digest": ["mon", "thu"]},
        "filler": "x" * max(0, image_bytes - _SMALLEST),
    }
    user: dict[str, Any] = {
        "UserId": user_id,
        "Username": f"user{user_id}",
        "Email": f"User{user_id}@Example.com",
        "FirstName": random.choice(("Ada", "Grace", "Édith", "Linus")),
        "LastName": random.choice(("Byron", "Hopper", "Ng", "O'Neil")),
        "Phone": "+44 20 7946 0000",
        "Status": random.choice(("active", "invited")),
        "WorkplaceId": random.choice(("acme", "initech")),
        "JobTitle": "Nurse",
        "Department": "Care",
        "Roles": frozenset({"admin", "member"}),
        "Skills": ["sql", "kafka", "first aid"],
        "Preferences": preferences,
        "LastLoginAt": now,
        "CreatedAt": now,
        "UpdatedAt": now,
    }
    names = user if image_bytes >= _SMALLEST else _FEWEST
    return {name: attribute_value(user[name]) for name in names}
