"""What runs, as a table. A new consumer is one projection file, one line here and one test."""

from __future__ import annotations

from consumers.group import Group
from consumers.patterns import events, items
from consumers.projections import app_users, user_search, workplace_users
from consumers.read_model import Index, Table

GROUPS = (
    Group(
        "app-users",
        topic="users.changes",
        projection=app_users.PROJECTION,
        read_model=Table("AppUsers_V2", fields=app_users.FIELDS),
        # Something else than the last login differs.
        filter=events({"dynamodb": {"NewImage": [{"changed": {"except": ["LastLoginAt"]}}]}}),
    ),
    Group(
        "workplace-users",
        topic="users.changes",
        projection=workplace_users.PROJECTION,
        read_model=Table("WorkplaceUsers_V2", fields=workplace_users.FIELDS),
        # At a workplace; an empty WorkplaceId is none.
        where=items({"none_of": [{"WorkplaceId": ["", None, {"exists": False}]}]}),
    ),
    Group(
        "user-search",
        topic="workplace-users-v2.changes",
        projection=user_search.PROJECTION,
        read_model=Index(
            "workplace-users",
            names=("display_name", "username"),
            words=("job_title", "department", "skills", "email"),
            keywords=("user_id", "workplace_id", "status"),
            numbers=("updated_at",),
        ),
    ),
)
