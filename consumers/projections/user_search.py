"""Items of `WorkplaceUsers_V2` -> the index `workplace-users`: the same fields in snake_case."""

from __future__ import annotations

from consumers.projection import Projection, one_document
from consumers.writes import Fields
from schemas.attribute_values import Item

FIELDS = {
    "UserId": "user_id",
    "WorkplaceId": "workplace_id",
    "Username": "username",
    "DisplayName": "display_name",
    "Email": "email",
    "JobTitle": "job_title",
    "Department": "department",
    "Skills": "skills",
    "Status": "status",
    "UpdatedAt": "updated_at",
}


def found_user(user: Item) -> Fields:
    """The document of a workplace user; an absent attribute stays absent."""
    return {field: user[attribute] for attribute, field in FIELDS.items() if attribute in user}


PROJECTION = Projection("user-search", version=1, project=one_document(found_user))
