"""A decoder that asks for everything, so that whatever is wrong in an image is found."""

from __future__ import annotations

from schemas.change_event import ChangeEvent
from schemas.codec import EventDecoder


class WholeDecoder(EventDecoder):
    """Raises UndecodableEvent for an image's values too."""

    def decode(self, data: bytes) -> ChangeEvent:
        """See `EventDecoder.decode`."""
        event = super().decode(data)
        for image in (event.before, event.after):
            if image is not None:
                dict(image.attributes)
        return event
