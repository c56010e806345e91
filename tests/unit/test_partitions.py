"""Partitions: the same as Kafka's own clients choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.partitions import murmur2, partition_of

# Source: org.apache.kafka.common.utils.UtilsTest.testMurmur2.
_VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "hashed"), _VECTORS.items())
def test_a_key_hashes_as_in_kafkas_own_test(key: bytes, hashed: int) -> None:
    assert murmur2(key) == hashed % 2**32


@pytest.mark.parametrize(("key", "hashed"), _VECTORS.items())
def test_a_partition_is_the_hash_without_its_sign_by_remainder(key: bytes, hashed: int) -> None:
    assert partition_of(key, 6) == (hashed & 0x7FFFFFFF) % 6


@given(st.binary(), st.integers(1, 200))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
