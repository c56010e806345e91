"""The generated codec beside the obvious way: a transform to Avro records, and fastavro. Same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.consumer import deliveries
from benchmarks.obvious import ObviousCodec
from benchmarks.rounds import ROUNDS, in_turn, times_faster
from benchmarks.table import Line, line_of
from benchmarks.workload import records
from schemas import encoder_source
from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder
from schemas.event_encoder import FRAME
from schemas.event_schema import item_record_of, packaged
from schemas.python_source import built
from schemas.registry import PackagedRegistry

RECORDS = 2000
"""Enough that what is kept of numbers is forgotten before it comes again, but for an event's other image."""


def measured(rounds: int = ROUNDS) -> list[Line]:
    """Both ways."""
    return [_encoding(rounds), *_decoding(rounds)]


def _encoding(rounds: int) -> Line:
    """An image, from attribute values to Avro's bytes."""
    text = packaged("users")
    record, codec = item_record_of(text), ObviousCodec(text)
    write = built(encoder_source.encoder_source(text, record), encoder_source.names(record, b""), "encoder")["item"]
    changes = [each["dynamodb"] for each in records(RECORDS)]
    images = [change[side] for change in changes for side in ("OldImage", "NewImage") if side in change]

    # One after the other, and none of them kept: otherwise it is the kernel's giving of memory that is measured.
    def obvious() -> Iterator[bytes]:
        for image in images:
            yield codec.encode_item(image, "after")

    def ours() -> Iterator[bytes]:
        for image in images:
            out: list[bytes] = []
            write(out, image, "after")
            yield b"".join(out)

    assert list(obvious()) == list(ours())
    variants = {"ours": lambda: sum(map(len, ours())), "obvious": lambda: sum(map(len, obvious()))}
    faster = times_faster(in_turn(variants, rounds), "ours", "obvious")
    return line_of("encode an image, against a transform and fastavro", faster, at_least=4)


def _decoding(rounds: int) -> list[Line]:
    """An event from bytes to attribute values, all or none asked for; the obvious way takes the bytes on trust."""
    codec, decoder = ObviousCodec(packaged("users")), EventDecoder(PackagedRegistry())
    found = [each.value or b"" for each in deliveries(records(RECORDS // 4))]
    bare = [data[FRAME.size :] for data in found]

    def ours() -> list[ChangeEvent]:
        return [decoder.decode(data) for data in found]

    def whole() -> list[ChangeEvent]:
        events = ours()
        for event in events:
            for image in (event.before, event.after):
                if image is not None:
                    dict(image.attributes)
        return events

    def obvious() -> list[ChangeEvent]:
        return [codec.decode(data) for data in bare]

    assert ours() == obvious()
    took = in_turn({"ours": ours, "whole": whole, "obvious": obvious}, rounds)
    return [
        line_of("decode an event and all in it, guarded, against fastavro", times_faster(took, "whole", "obvious")),
        line_of("decode an event, nothing in its images asked for", times_faster(took, "ours", "obvious")),
    ]
