"""Versions: their order as text is the order of the changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidVersion
from schemas.versions import SNAPSHOT_VERSION, epoch, is_repair, repair_version, version

# Instants that differ by a year as well as by a microsecond, for most others would never be close.
_near = st.integers(0, 3_000).map(
    lambda micros: datetime(2026, 7, 1, 23, 59, 59, 998_000, UTC) + timedelta(0, 0, micros)
)
instants = _near | st.datetimes(datetime(1901, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
sequence_numbers = st.integers(0, 30).map(str) | st.text("0123456789", min_size=1, max_size=40)


@st.composite
def labels(draw: st.DrawFn, instant: datetime) -> str:
    """A stream label that names the instant: with as many digits as it needs or more, with a zone or without."""
    micros = f"{instant.microsecond:06}"
    needed = len(micros.rstrip("0"))
    zone = draw(st.sampled_from(("", "Z")) | offsets)
    local = instant if isinstance(zone, str) else instant.astimezone(zone)
    digits = draw(st.sampled_from([count for count in (0, 1, 2, 3, 4, 5, 6) if count >= needed]))
    fraction = f".{micros[:digits]}" if digits else ""
    zone_text = zone if isinstance(zone, str) else local.isoformat()[-6:]
    return local.replace(microsecond=0, tzinfo=None).isoformat() + fraction + zone_text


@given(st.data(), instants, instants, sequence_numbers, sequence_numbers)
def test_versions_stand_as_text_in_the_order_of_epoch_and_sequence_number(
    data: st.DataObject, instant: datetime, later_or_not: datetime, one: str, other: str
) -> None:
    left = version(epoch(data.draw(labels(instant))), one)
    right = version(epoch(data.draw(labels(later_or_not))), other)
    assert (left < right) == ((instant, int(one)) < (later_or_not, int(other)))
    assert (left == right) == ((instant, int(one)) == (later_or_not, int(other)))


@given(instants, sequence_numbers, instants, sequence_numbers)
def test_a_repair_stands_right_above_its_version(
    instant: datetime, number: str, another: datetime, another_number: str
) -> None:
    compared_with = version(epoch(instant.isoformat()), number)
    other = version(epoch(another.isoformat()), another_number)
    repair = repair_version(compared_with)
    assert repair > compared_with
    assert (repair < other) == (compared_with < other)
    assert (repair < repair_version(other)) == (compared_with < other)
    assert repair < repair_version(repair)
    assert (repair_version(repair) < other) == (compared_with < other)
    assert is_repair(repair)
    assert not is_repair(compared_with)


@given(instants, sequence_numbers)
def test_a_snapshot_and_the_repair_of_a_hole_stand_below_every_change(instant: datetime, number: str) -> None:
    change = version(epoch(instant.isoformat()), number)
    assert SNAPSHOT_VERSION < repair_version(None) < change
    assert repair_version(None) == repair_version(SNAPSHOT_VERSION)
    assert not is_repair(SNAPSHOT_VERSION)


def test_a_version_is_the_epoch_and_the_sequence_number_padded_to_40_digits() -> None:
    assert version("2026-01-01T00:00:00.000", "7") == f"2026-01-01T00:00:00.000#{'0' * 39}7"
    assert version("2026-01-01T00:00:00.000", "9" * 40) == f"2026-01-01T00:00:00.000#{'9' * 40}"


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("2015-05-11T21:21:33.291", "2015-05-11T21:21:33.291"),
        ("2015-05-11T21:21:33", "2015-05-11T21:21:33.000"),
        ("2015-05-11T21:21:33Z", "2015-05-11T21:21:33.000"),
        ("2015-05-11T21:21:33.2", "2015-05-11T21:21:33.200"),
        ("2015-05-11T21:21:33.2915", "2015-05-11T21:21:33.291500"),
        ("2015-05-11T23:21:33.291+02:00", "2015-05-11T21:21:33.291"),
        ("1431379293291", "2015-05-11T21:21:33.291"),
    ],
)
def test_an_epoch_is_written_as_dynamodb_writes_it(label: str, written: str) -> None:
    assert epoch(label) == written


@pytest.mark.parametrize(
    "label",
    [
        *("", "latest", "2015-05-11", "2015-05-11 21:21:33", "2015-13-11T21:21:33", "2015-05-11T21:21:61"),
        *("2015-05-11T21:21:33.", "2015-05-11T21:21:33.1234567", "2015-05-11T21:21:33+99:00", "2015-05-11T21:21:33+2"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "0999-01-01T00:00:00"),
        *("143137929329", "14313792932911", "2015-05-11T21:21:33.291\n", "٢015-05-11T21:21:33", "x" * 4000),
    ],
)
def test_a_label_that_is_no_instant_is_refused_in_a_short_sentence(label: str) -> None:
    with pytest.raises(InvalidVersion, match=r"the stream label .* is not an ISO instant") as refused:
        epoch(label)
    assert len(str(refused.value)) < 120


@given(st.text("0123456789-T:.Z+", max_size=30))
def test_any_label_is_an_epoch_or_refused_as_one(label: str) -> None:
    try:
        written = epoch(label)
    except InvalidVersion:
        return
    assert epoch(written) == written


@pytest.mark.parametrize("number", ["", "x", "-1", "+1", "1.0", "1e3", " 1", "1\n", "٣", "1" * 41, "x" * 4000])
def test_a_sequence_number_that_is_none_is_refused_in_a_short_sentence(number: str) -> None:
    with pytest.raises(InvalidVersion, match=r"the sequence number .* is not a number of 1 to 40 digits") as refused:
        version("2026-01-01T00:00:00.000", number)
    assert len(str(refused.value)) < 150


def test_a_label_in_epoch_seconds_with_a_fraction_becomes_an_iso_instant() -> None:
    assert epoch("1795535315.951542615") == "2026-11-24T15:48:35.951542"
    assert epoch("1795535315.5") == "2026-11-24T15:48:35.500"
