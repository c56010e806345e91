"""Random leaves of patterns, one function an operator, and values near them: about two of three match."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.filters.json_text import Spelled

Leaf = Any
ABSENT = object()
"""The value of a key that is left out."""

LETTERS = ("a", "b", "c", "A", "B", "1", "0", "é", "É", "ß", "Σ", "😀", "*", "\\", '"', ".", " ", "N")
NUMBERS = (0, 1, 2, -1, 5, 10, 300, -300, 0.5, 0.1, -2.5, 1e-7, 1e20, 2**53, 2**53 + 1, 2**60, 10**30, 1e300)
ADDRESSES = (
    *("10.0.0.0", "10.0.0.1", "10.0.0.9", "10.0.0.255", "10.0.1.0", "10.128.0.0", "172.16.5.4", "255.255.255.255"),
    *("010.0.0.1", "10.0.0", "10.0.0.256", "12:30", "::", "::1", "0:0:0:0:0:0:0:1", "2001:db8::1", "2001:DB8:0::A"),
    *("2001:db8:ffff::", "fe80::f", "::ffff:a00:1", "1:2:3:4:5:6:7", "::12345"),
)


def text(random: Random, most: int = 3) -> str:
    """A short text of few letters, so that texts often have something in common."""
    letters = LETTERS if random.random() < 0.3 else LETTERS[:5]
    return "".join(random.choice(letters) for _ in range(random.randint(0 if random.random() < 0.1 else 1, most)))


def number(random: Random) -> int | float:
    """A number."""
    return random.choice(NUMBERS) if random.random() < 0.7 else random.randint(-20, 20)


def spelled(random: Random, value: float) -> Spelled | int | float:
    """The same number, in one of its spellings."""
    match random.randrange(5):
        case 0 if "e" not in str(value):
            return Spelled(f"{value}.0" if isinstance(value, int) else f"{value}00")
        case 1 if abs(value) < 1e6 and float(f"{value:e}") == value:
            return Spelled(f"{value:e}")
        case 2 if abs(value) < 1e6 and float(f"{value:E}") == value:
            return Spelled(f"{value:E}")
        case _:
            return value


def scalar(random: Random) -> object:
    """Any value that is no object and no array."""
    kind = random.randrange(6)
    if kind < 3:
        return text(random)
    return spelled(random, number(random)) if kind == 3 else random.choice((True, False, None, "", 0, "true", "1"))


def tweaked(random: Random, value: object) -> object:
    """A value near `value`, and seldom equal."""
    if not isinstance(value, str) or not value or isinstance(value, Spelled):
        return scalar(random)
    place = random.randrange(len(value))
    match random.randrange(5):
        case 0:
            return value[:-1]
        case 1:
            return value + text(random, 1)
        case 2:
            return text(random, 1) + value
        case 3:
            return value.swapcase()
        case _:
            return value[:place] + random.choice(LETTERS) + value[place + 1 :]


def wildcard(random: Random) -> str:
    """A wildcard, sometimes with escapes."""
    parts = [text(random, 2).replace("\\", "\\\\").replace("*", "\\*") for _ in range(random.randint(1, 4))]
    joined = "*".join(part or "a" for part in parts)
    return random.choice(("", "*")) + joined + random.choice(("", "*"))


def _filled(random: Random, pattern: str) -> str:
    """A string that the wildcard matches."""
    made, escaped = "", False
    for letter in pattern:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        made += text(random, 2) if letter == "*" and not escaped else letter
        escaped = False
    return made


def numeric(random: Random) -> list[object]:
    """A condition on numbers."""
    value = number(random)
    if random.random() < 0.6:
        return [random.choice(("=", "<", "<=", ">", ">=")), spelled(random, value)]
    top = value + random.choice((1, 2, 0.5, 10, 1e10))
    return [random.choice((">", ">=")), spelled(random, value), random.choice(("<", "<=")), spelled(random, top)]


def block(random: Random) -> str:
    """A block of addresses."""
    if random.random() < 0.6:
        return f"{random.choice(('10.0.0.0', '10.0.0.77', '172.16.0.0', '0.0.0.0'))}/{random.choice((0, 8, 9, 24, 31))}"
    return f"{random.choice(('2001:db8::', '::', 'fe80::1'))}/{random.choice((0, 16, 31, 32, 33, 64, 127))}"


def _anything_but(random: Random) -> Leaf:
    def some(make: Callable[[Random], object]) -> object:
        return make(random) if random.random() < 0.5 else [make(random) for _ in range(random.randint(1, 3))]

    match random.randrange(6):
        case 0:
            return some(text)
        case 1:
            return some(lambda random: spelled(random, number(random)))
        case 2:
            return {"equals-ignore-case": some(text)}
        case 3:
            return {"wildcard": some(wildcard)}
        case _:
            return {random.choice(("prefix", "suffix")): some(lambda random: text(random) or "a")}


LEAVES: dict[str, Callable[[Random], Leaf]] = {
    "exact": lambda random: random.choice(ADDRESSES) if random.random() < 0.1 else scalar(random),
    "prefix": text,
    "prefix equals-ignore-case": lambda random: {"equals-ignore-case": text(random)},
    "suffix": text,
    "suffix equals-ignore-case": lambda random: {"equals-ignore-case": text(random)},
    "equals-ignore-case": text,
    "wildcard": wildcard,
    "anything-but": _anything_but,
    "numeric": numeric,
    "exists": lambda random: random.random() < 0.6,
    "cidr": block,
}
"""By operator, the argument of a random leaf; an exact one is the leaf itself."""


def leaf(random: Random, operators: tuple[str, ...] = tuple(LEAVES)) -> Leaf:
    """A random leaf that AWS takes."""
    operator = random.choice(operators)
    argument = LEAVES[operator](random)
    return argument if operator == "exact" else {operator.partition(" ")[0]: argument}


def odd_leaves(random: Random) -> list[Leaf]:
    """Leaves at which the engine is known to go wrong, so that a run meets them more than once."""
    quoted = text(random, 2)
    return random.choice(
        (
            [text(random), {"numeric": ["<", random.randint(1, 9)]}, leaf(random)],
            [{"prefix": f'{quoted}"'}],
            [{"suffix": f'"{quoted}'}],
            [{"cidr": random.choice(("0.0.0.0/0", "16.0.0.0/4", "::/0"))}],
            [spelled(random, random.choice((2**53 + 1, 2**60, 10**30)))],
        )
    )


def near(random: Random, leaf: Leaf) -> object:
    """A value near what the leaf asks for, or ABSENT."""
    chance = random.random()
    if chance < 0.04:
        return ABSENT
    found = _matching(random, leaf)
    return tweaked(random, found) if chance < 0.27 and found is not ABSENT else found


def _matching(random: Random, leaf: Leaf) -> object:
    """A value that probably matches."""
    if not isinstance(leaf, dict):
        return spelled(random, _value(leaf)) if isinstance(leaf, _Number) and not isinstance(leaf, bool) else leaf
    operator, argument = next(iter(leaf.items()))
    if operator in ("prefix", "suffix") and isinstance(argument, dict):
        argument = argument["equals-ignore-case"].swapcase()
    return _MATCHING[operator](random, argument)


_Number = Spelled | int | float
_MATCHING: dict[str, Callable[[Random, Any], object]] = {
    "prefix": lambda random, start: _unquoted(random, start) if start[-1:] == '"' else start + text(random),
    "suffix": lambda random, end: _unquoted(random, end) if end[:1] == '"' else text(random) + end,
    "equals-ignore-case": lambda random, word: random.choice((word.upper(), word.lower(), word.swapcase(), word)),
    "wildcard": _filled,
    "anything-but": lambda random, argument: _left_out(random, argument) if random.random() < 0.5 else scalar(random),
    "numeric": lambda random, condition: _around(random, condition[1]),
    "exists": lambda random, there: scalar(random) if there else ABSENT,
    "cidr": lambda random, _: random.choice(ADDRESSES) if random.random() < 0.95 else number(random),
}


def _unquoted(random: Random, quoted: str) -> str:
    """The text with its quote, or what the engine makes of it."""
    return random.choice((quoted, quoted.strip('"')))


def _left_out(random: Random, argument: Leaf) -> object:
    """A value at which `anything-but` probably fails."""
    operator, inner = next(iter(argument.items())) if isinstance(argument, dict) else ("", argument)
    chosen = random.choice(inner) if isinstance(inner, list) else inner
    return _matching(random, {operator: chosen} if operator else chosen)


def _around(random: Random, bound: _Number) -> object:
    value = _value(bound)
    return spelled(random, random.choice((value, value + 1, value - 1, value + 0.25, value * 2)))


def _value(number: _Number) -> int | float:
    return float(number) if isinstance(number, Spelled) else number
