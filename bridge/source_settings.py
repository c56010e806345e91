"""The pollers' settings, from `DISTRIBUTARY_SOURCE_*` variables; Lambda has none of them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bridge.streams import PAGE_RECORDS
from schemas.settings import Batching


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How pollers read: records at once, the seconds in which they gather, and what single tables have otherwise."""

    source_batch: Annotated[int, msgspec.Meta(ge=1, le=PAGE_RECORDS)] = PAGE_RECORDS
    source_window: Annotated[float, msgspec.Meta(ge=0, le=300)] = 0.0
    source_batching: dict[str, Batching] = {}
