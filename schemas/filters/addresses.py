"""IP addresses and the networks they are in, however an address is written: zeros in front, letters in either case, an
address of IPv4 in the clothes of IPv6.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

import msgspec

_V4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)
_V6 = re.compile(r"[0-9a-fA-F:]+", re.ASCII)
_LONGEST_V4 = 15
_ZEROS_BEFORE_A_DIGIT = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")
_MASK = re.compile(r"[+-]?\d+")


class Network(msgspec.Struct, frozen=True):
    """The addresses from `first` to `last`, both included, as hexadecimal digits: 8 of IPv4, 32 of IPv6."""

    first: str
    last: str

    def matches(self, value: object) -> bool:
        """Whether the value is the text of an address in it."""
        digits = address_digits(value) if isinstance(value, str) else None
        return digits is not None and len(digits) == len(self.first) and self.first <= digits <= self.last


def address_digits(text: str) -> str | None:
    """An address as hexadecimal digits; None where the text is none."""
    if _V4.fullmatch(text):
        parts = [int(part) for part in text.split(".")] if len(text) <= _LONGEST_V4 else [256]
        return "".join(f"{part:02X}" for part in parts) if max(parts) < 256 else None
    if ":" not in text or not _V6.fullmatch(text):
        return None
    try:
        address = IPv6Address(_ZEROS_BEFORE_A_DIGIT.sub("", text))
    except AddressValueError:
        return None
    mapped = address.ipv4_mapped
    return f"{int(address):032X}" if mapped is None else f"{int(mapped):08X}"


def single_address(text: str) -> Network | None:
    """The network of one address; None where the text is none."""
    digits = address_digits(text)
    return None if digits is None else Network(digits, digits)


def parse_network(text: str) -> Network | str:
    """The network that `address/bits` names; where it is none, what is wrong with it."""
    parts = text.rstrip("/").split("/")
    if len(parts) != 2:
        return "a text without one /"
    address, bits = parts
    digits = address_digits(address)
    if digits is None:
        return "a text that begins with no IP address"
    if not _MASK.fullmatch(bits):
        return "a mask that is no whole number"
    size, fixed = 4 * len(digits), int(bits)
    if not 0 <= fixed < size:
        return f"a mask of {bits} bits, where the address has {size}"
    rest = (1 << (size - fixed)) - 1
    number, width = int(digits, 16), len(digits)
    return Network(f"{number & ~rest:0{width}X}", f"{number | rest:0{width}X}")
