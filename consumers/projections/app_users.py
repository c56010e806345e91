"""Users of the app -> `AppUsers_V2`: what the app shows of a user."""

from __future__ import annotations

from consumers.projection import Projection, one_document, only
from consumers.projections.names import display_name, normalised_email
from consumers.writes import Fields
from schemas.attribute_values import Item

_COPIED = ("UserId", "Username", "Status", "Roles", "Preferences", "CreatedAt", "UpdatedAt")
FIELDS = (*_COPIED, "DisplayName", "Email")
"""All that a document may have."""


def app_user(user: Item) -> Fields:
    """The document of a user."""
    return {
        **only(user, *_COPIED),
        **normalised_email(user),
        **display_name(user),
    }


PROJECTION = Projection("app-users", version=1, project=one_document(app_user))
