"""How complex wildcards are, as AWS's engine measures it: how many of their beginnings one value may match at once.

`*a*a` has the beginnings `*`, `*a`, `*a*` and `*a*a` (and the quotes around a text count as characters); after `aa` all
of them match. The engine would follow each. We follow none (`Wildcard.matches` never looks back), and refuse what is
too complex because AWS does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from schemas.filters.wildcard import Wildcard

MAX_COMPLEXITY = 100
"""Too complex. Where EventBridge stops is not documented; the engine's own tests count no further than this."""

_Parts = tuple[str, ...]


def is_too_complex(wildcards: Iterable[Wildcard]) -> bool:
    """Whether wildcards of one field are more complex, together, than AWS takes them to be."""
    quoted = [_quoted(wildcard.parts) for wildcard in dict.fromkeys(wildcards)]
    firsts = {parts[0] for parts in quoted}
    return any(_along(first, quoted) >= MAX_COMPLEXITY for first in firsts) or any(
        _beyond(first, quoted) >= MAX_COMPLEXITY for first in firsts
    )


def _quoted(parts: _Parts) -> _Parts:
    first, *others = parts
    return (f'"{first}"',) if not others else (f'"{first}', *others[:-1], f'{others[-1]}"')


def _along(value: str, wildcards: Sequence[_Parts]) -> int:
    """The most beginnings that match while a value is read: one up to the first star of some wildcard."""
    most = 0
    # A beginning: the wildcard, the part it ends in, how much of that part. Nothing of a later part: it ends in a star.
    begun = {(parts, 0, 0) for parts in wildcards}
    for character in value:
        begun = {beginning for one in begun for beginning in _after(one, character)}
        most = max(most, len(begun))
        if most >= MAX_COMPLEXITY:
            break
    return most


def _after(beginning: tuple[_Parts, int, int], character: str) -> Iterable[tuple[_Parts, int, int]]:
    parts, index, size = beginning
    if index and not size:
        yield beginning
    if parts[index][size : size + 1] == character:
        yield parts, index, size + 1
        if size + 1 == len(parts[index]) and index + 1 < len(parts):
            yield parts, index + 1, 0


def _beyond(first: str, wildcards: Sequence[_Parts]) -> int:
    """The most beginnings that match once a value has gone beyond `first`, and all that have a star matched somewhere.

    A star matches for ever. Of the parts after stars those count that the end of the value begins: the value's end is
    best a beginning of a part itself, so each is a node of a tree, and counts what ends there and in its shorter ends.
    """
    starred = [parts for parts in wildcards if len(parts) > 1 and first.startswith(parts[0])]
    children: list[dict[str, int]] = [{}]
    counts = [0]
    for part in (part for parts in starred for part in parts[1:]):
        node = 0
        for character in part:
            if character not in children[node]:
                children[node][character] = len(children)
                children.append({})
                counts.append(0)
            node = children[node][character]
            counts[node] += 1
    shorter = [0] * len(children)
    waiting = deque(children[0].values())
    while waiting:
        node = waiting.popleft()
        counts[node] += counts[shorter[node]]
        for character, child in children[node].items():
            end = shorter[node]
            while end and character not in children[end]:
                end = shorter[end]
            shorter[child] = children[end].get(character, 0)
            waiting.append(child)
    return sum(len(parts) - 1 for parts in starred) + max(counts)
