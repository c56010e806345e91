"""The three projections: what each document holds."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.generation_lines import check_generations
from consumers.groups import GROUPS
from consumers.projections.app_users import app_user
from consumers.projections.user_search import found_user
from consumers.projections.workplace_users import workplace_user
from schemas.attribute_values import Item
from tests.events import event
from tests.records import image

APP_USERS, WORKPLACE_USERS, _ = GROUPS
ANN: dict[str, Any] = {
    "UserId": 1,
    "Username": "ann",
    "Email": " Ann@Example.COM ",
    "FirstName": " Ann ",
    "LastName": "Lee",
    "Phone": "1",
    "Status": "active",
    "WorkplaceId": "acme",
    "JobTitle": "Nurse",
    "Department": "Care",
    "Roles": frozenset({"admin"}),
    "Skills": ["sql"],
    "Preferences": {"theme": "dark"},
    "Avatar": b"\x00",
    "LastLoginAt": 3,
    "ExpiresAt": 4,
    "CreatedAt": 1,
    "UpdatedAt": 2,
}


def item(**attributes: Any) -> Item:
    return Item(image(**attributes))


def test_an_app_user_is_what_the_app_shows() -> None:
    assert app_user(item(**ANN)) == {
        "UserId": 1,
        "Username": "ann",
        "Email": "ann@example.com",
        "DisplayName": "Ann Lee",
        "Status": "active",
        "Roles": frozenset({"admin"}),
        "Preferences": {"theme": "dark"},
        "CreatedAt": 1,
        "UpdatedAt": 2,
    }


def test_a_workplace_user_is_whom_one_works_with() -> None:
    assert workplace_user(item(**ANN)) == {
        "UserId": 1,
        "WorkplaceId": "acme",
        "Username": "ann",
        "DisplayName": "Ann Lee",
        "Email": "ann@example.com",
        "JobTitle": "Nurse",
        "Department": "Care",
        "Skills": ["sql"],
        "Status": "active",
        "UpdatedAt": 2,
    }


def test_a_found_user_has_the_same_fields_in_snake_case_and_no_bookkeeping() -> None:
    document = workplace_user(item(**ANN))
    found = found_user(item(**document, source_version="v"))
    assert list(found.values()) == [
        document[name]
        for name in (
            "UserId",
            "WorkplaceId",
            "Username",
            "DisplayName",
            "Email",
            "JobTitle",
            "Department",
            "Skills",
            "Status",
            "UpdatedAt",
        )
    ]
    assert set(found) == {
        "user_id", "workplace_id", "username", "display_name", "email", "job_title", "department", "skills",
        "status", "updated_at",
    }  # fmt: skip


@pytest.mark.parametrize("document", [app_user, workplace_user, found_user])
def test_absent_stays_absent(document: Any) -> None:
    assert set(document(item(UserId=1))) <= {"UserId", "user_id"}


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"FirstName": "Ann", "LastName": "Lee"}, "Ann Lee"),
        ({"FirstName": " Ann ", "LastName": " "}, "Ann"),
        ({"LastName": " Lee"}, "Lee"),
        ({"FirstName": "", "LastName": "", "Username": "ann"}, "ann"),
        ({"FirstName": None, "Username": "ann"}, "ann"),
        ({"Username": ""}, ""),
        ({"Username": None}, None),
    ],
)
def test_the_display_name_is_the_trimmed_name_or_the_username(attributes: dict[str, Any], name: str | None) -> None:
    assert app_user(item(UserId=1, **attributes)).get("DisplayName") == name


def test_an_empty_string_is_a_value() -> None:
    assert app_user(item(UserId=1, Email="", Status=""))["Email"] == ""
    assert app_user(item(UserId=1, Status=""))["Status"] == ""


@pytest.mark.parametrize(("workplace", "holds"), [("acme", True), ("", False), (None, False)])
def test_a_workplace_user_has_a_workplace(workplace: str | None, holds: bool) -> None:
    assert WORKPLACE_USERS.where is not None
    assert WORKPLACE_USERS.where(item(UserId=1, WorkplaceId=workplace), None) is holds


def test_a_user_without_the_attribute_has_no_workplace() -> None:
    assert WORKPLACE_USERS.where is not None
    assert not WORKPLACE_USERS.where(item(UserId=1), None)


def test_nothing_but_a_login_is_not_looked_at_by_app_users() -> None:
    login = event("MODIFY", before={"Username": "a"}, after={"Username": "a", "LastLoginAt": 1})
    undeclared = event("MODIFY", before={"x": 1}, after={"x": 2, "LastLoginAt": 1})
    assert APP_USERS.filter is not None
    assert not APP_USERS.filter(login)
    assert APP_USERS.filter(undeclared)
    assert APP_USERS.filter(event("MODIFY", after={"Username": "a"}))


def test_every_group_has_a_name_of_its_own() -> None:
    check_generations(GROUPS)
    assert len({group.name for group in GROUPS}) == len(GROUPS)
