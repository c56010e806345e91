"""Which partition a message key falls into: Kafka's default partitioner (murmur2), the same in every client."""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of `key` among `partitions`, as Kafka's Java client and librdkafka's `murmur2` choose it."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, seed 0x9747b28c. Source: org.apache.kafka.common.utils.Utils.murmur2."""
    mix = 0x5BD1E995
    value = (0x9747B28C ^ len(data)) & _MASK
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * mix & _MASK
        word = (word ^ (word >> 24)) * mix & _MASK
        value = (value * mix & _MASK) ^ word
    if tail := data[whole:]:
        value = (value ^ int.from_bytes(tail, "little")) * mix & _MASK
    value = (value ^ (value >> 13)) * mix & _MASK
    return value ^ (value >> 15)
