"""Users with a workplace -> `WorkplaceUsers_V2`: whom one works with."""

from __future__ import annotations

from consumers.projection import Projection, one_document, only
from consumers.projections.names import display_name, normalised_email
from consumers.writes import Fields
from schemas.attribute_values import Item

_COPIED = ("UserId", "WorkplaceId", "Username", "JobTitle", "Department", "Skills", "Status", "UpdatedAt")
FIELDS = (*_COPIED, "DisplayName", "Email")
"""All that a document may have."""


def workplace_user(user: Item) -> Fields:
    """The document of a user with a workplace."""
    copied = only(user, *_COPIED)
    return {**copied, **display_name(user), **normalised_email(user)}


PROJECTION = Projection("workplace-users", version=1, project=one_document(workplace_user))
