"""What groups are told by `DISTRIBUTARY_*` variables: where their stores are, and how they work."""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.settings import Batching, Secret


class StoreConnection(msgspec.Struct, frozen=True, kw_only=True):
    """Where read models are kept. Without `dynamodb_url` it is Amazon's DynamoDB, as boto3 finds it.

    `opensearch_replicas`: copies of a new index, 0 on one machine. User, password and CA file as OpenSearch needs them.
    """

    dynamodb_url: str = ""
    opensearch_url: str = ""
    opensearch_user: str = ""
    opensearch_password: Secret = Secret()
    opensearch_ca_file: str = ""
    opensearch_replicas: int = 1


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a group works: deliveries a turn, the seconds after the first that it waits for more, what single groups have
    otherwise; and how many dead letters it bears: over `dead_letter_share` of the last 1,000 deliveries, and at least
    `dead_letter_limit`, stop it.
    """

    group_batch: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    group_window: Annotated[float, msgspec.Meta(ge=0, le=300)] = 0.0
    group_batching: dict[str, Batching] = {}
    dead_letter_limit: int = 100
    dead_letter_share: float = 0.1
