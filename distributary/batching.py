"""How much each table's poller and each group takes at once, from settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from bridge.poller import Pace as PollerPace
from bridge.source_settings import SourceSettings
from consumers.delivery.dead_letter_limit import DeadLetterLimit
from consumers.delivery.loop import Pace as GroupPace
from consumers.settings import GroupSettings
from schemas.errors import SettingsError
from schemas.settings import Batching

Pace = TypeVar("Pace", PollerPace, GroupPace)


def poller_pace(settings: SourceSettings) -> PollerPace:
    """That of all tables."""
    return PollerPace(batch=settings.source_batch, window=settings.source_window)


def poller_paces(settings: SourceSettings, tables: Collection[str]) -> dict[str, PollerPace]:
    """By table, what is otherwise. Raises SettingsError where one is named that there is not."""
    return _otherwise(poller_pace(settings), "source_batching", settings.source_batching, tables)


def group_pace(settings: GroupSettings) -> GroupPace:
    """That of all groups."""
    limit = DeadLetterLimit(settings.dead_letter_limit, settings.dead_letter_share)
    return GroupPace(batch=settings.group_batch, window=settings.group_window, dead_letters=limit)


def group_paces(settings: GroupSettings, groups: Collection[str]) -> dict[str, GroupPace]:
    """By group, what is otherwise. Raises SettingsError where one is named that there is not."""
    return _otherwise(group_pace(settings), "group_batching", settings.group_batching, groups)


def _otherwise(pace: Pace, setting: str, told: Mapping[str, Batching], known: Collection[str]) -> dict[str, Pace]:
    for name in told:
        if name not in known:
            raise SettingsError(setting, f"names {name}, which there is not; it may name {', '.join(known)}")
    return {name: _told(pace, batching) for name, batching in told.items()}


def _told(pace: Pace, told: Batching) -> Pace:
    batch = pace.batch if told.size is None else told.size
    return replace(pace, batch=batch, window=pace.window if told.window is None else told.window)
