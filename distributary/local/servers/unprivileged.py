"""What a server that refuses to run as root gets from root: a user, and a folder of its own."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from distributary.errors import ToolMissing, UnusableFolder

NOBODY = "nobody"


def unprivileged_user() -> str:
    """The name of a user who is not root. Raises ToolMissing."""
    try:
        return pwd.getpwnam(NOBODY).pw_name
    except KeyError:
        raise ToolMissing(
            f"OpenSearch does not run as root and there is no user {NOBODY!r} here; "
            "run as another user, or give its endpoint as DISTRIBUTARY_OPENSEARCH_URL"
        ) from None


def give(folder: Path, user: str, needs: Mapping[str, Path]) -> None:
    """Makes `folder` the user's; `needs` are folders that he must reach too, by the variable that moves each.

    Raises UnusableFolder where one lies under a folder that is closed to him.
    """
    account = pwd.getpwnam(user)
    for how, place in {"--home": folder.parent, **needs}.items():
        closed = closed_to(place, account.pw_uid, account.pw_gid)
        if closed is not None:
            raise UnusableFolder(
                f"{closed} is closed to the user {user!r}, as whom OpenSearch runs because it refuses to run as root; "
                f"open it with `chmod o+x {closed}`, or name another folder with {how}"
            )
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def closed_to(place: Path, uid: int, gid: int) -> Path | None:
    """The first folder on the way to `place`, itself included, that a user may not pass through; None where none is."""
    way = {folder for end in (place.absolute(), place.resolve()) for folder in (end, *end.parents)}
    for folder in sorted(way, key=lambda folder: len(folder.parts)):
        status = folder.stat()
        bit = 0o100 if status.st_uid == uid else 0o010 if status.st_gid == gid else 0o001
        if not status.st_mode & bit:
            return folder
    return None
