"""What our own engine answers, in the words of the oracle."""

from __future__ import annotations

from schemas.filters import AWS, PatternError, compile_pattern
from schemas.filters.language import Language
from tests.filters.json_text import read
from tests.filters.oracle import MATCH, NO_MATCH, REJECTED, Question


def our_answer(question: Question, language: Language = AWS) -> str:
    """MATCH, NO_MATCH or `rejected: reason`; whatever else our engine does, goes through."""
    try:
        pattern = compile_pattern(question.pattern, language=language)
    except PatternError as error:
        return f"{REJECTED}: {error}"
    return MATCH if pattern.matches(read(question.value)) else NO_MATCH
