"""The change event: what it knows of the item on either side."""

from __future__ import annotations

import pytest

from schemas.change_event import Operation, ViewType
from schemas.versions import SNAPSHOT_VERSION, repair_version
from tests.items import Attribute, event

KEY: dict[str, Attribute] = {"Hash": {"N": "1.0"}, "Range": {"S": "a|b"}}


@pytest.mark.parametrize(
    ("operation", "before_known", "after_known"),
    [
        (Operation.INSERT, True, False),
        (Operation.MODIFY, False, False),
        (Operation.REMOVE, False, True),
        (Operation.SNAPSHOT, False, False),
    ],
)
def test_without_images_only_an_absent_item_is_known(
    operation: Operation, before_known: bool, after_known: bool
) -> None:
    bare = event(KEY, operation=operation)
    assert (bare.before_known, bare.after_known) == (before_known, after_known)


@pytest.mark.parametrize("operation", Operation)
def test_an_image_that_is_carried_is_known(operation: Operation) -> None:
    assert event(KEY, before=KEY, operation=operation).before_known
    assert event(KEY, after=KEY, operation=operation).after_known


def test_a_repair_is_told_by_its_version() -> None:
    assert event(KEY, version=repair_version(None)).is_repair
    assert not event(KEY, version=SNAPSHOT_VERSION).is_repair


def test_the_message_key_is_made_of_the_item_key() -> None:
    assert event(KEY).key_text == r"1|a\|b"


@pytest.mark.parametrize(
    ("view_type", "images"),
    [
        (ViewType.KEYS_ONLY, set()),
        (ViewType.NEW_IMAGE, {"after"}),
        (ViewType.OLD_IMAGE, {"before"}),
        (ViewType.NEW_AND_OLD_IMAGES, {"before", "after"}),
    ],
)
def test_a_view_type_says_which_images_a_stream_carries(view_type: ViewType, images: set[str]) -> None:
    assert view_type.images == images
