"""Our own language: AWS's, and what it cannot say. Only where we evaluate: no event source mapping takes it."""

from __future__ import annotations

from types import MappingProxyType

from schemas.filters.changes import CHANGED, parse_changed
from schemas.filters.expressions import parse_expression_text
from schemas.filters.language import Language
from schemas.filters.operators import AWS_OPERATORS
from schemas.filters.times import parse_time
from schemas.filters.typed_numbers import parse_typed_number

OURS = Language(
    operators=MappingProxyType(
        {**AWS_OPERATORS, "matches": parse_expression_text, "number": parse_typed_number, "time": parse_time}
    ),
    computed=MappingProxyType({CHANGED: parse_changed}),
    together=True,
)
