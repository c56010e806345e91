"""How a user is named, the same in every read model."""

from __future__ import annotations

from consumers.writes import Fields
from schemas.attribute_values import Item


def display_name(user: Item) -> Fields:
    """DisplayName: first and last name, trimmed and joined by one space; the username where both are empty or absent.

    Absent where there is no username either.
    """
    parts = [(user.text(name) or "").strip() for name in ("FirstName", "LastName")]
    name = " ".join(part for part in parts if part)
    if name:
        return {"DisplayName": name}
    username = user.text("Username")
    return {} if username is None else {"DisplayName": username}


def normalised_email(user: Item) -> Fields:
    """Email, trimmed and in lower case; absent stays absent, and an explicit NULL stays one."""
    if "Email" not in user:
        return {}
    email = user.text("Email")
    return {"Email": user["Email"] if email is None else email.strip().lower()}
