"""The random pairs are worth asking: about half match, some are refused, and every operator decides both ways."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import pytest

from tests.faults.workload import seeded
from tests.filters.json_text import written
from tests.filters.leaves import ABSENT, LEAVES, leaf, near
from tests.filters.oracle import MATCH, NO_MATCH, REJECTED, Oracle, Question
from tests.filters.pairs import pairs


@pytest.mark.slow
def test_about_half_of_the_pairs_match_in_either_shape(oracle: Oracle) -> None:
    asked = list(islice(pairs(Random(seeded())), 4_000))
    answers = oracle.answers([pair.question for pair in asked])
    found = Counter((pair.shape, answer.partition(":")[0]) for pair, answer in zip(asked, answers, strict=True))
    for shape in ("free", "record"):
        of_shape = {answer: found[shape, answer] for answer in (MATCH, NO_MATCH, REJECTED)}
        total = sum(of_shape.values())
        assert total > 1_500
        assert 0.35 < of_shape[MATCH] / total < 0.65, of_shape
        assert 0.2 < of_shape[NO_MATCH] / total < 0.5, of_shape
        assert 0.08 < of_shape[REJECTED] / total < 0.25, of_shape


@pytest.mark.slow
def test_a_value_near_one_leaf_matches_it_or_not_whatever_the_operator(oracle: Oracle) -> None:
    random = Random(seeded())
    asked = []
    for operator in LEAVES:
        for _ in range(500):
            one = leaf(random, (operator,))
            beside = near(random, one)
            value = {} if beside is ABSENT else {"a": beside}
            asked.append((operator, Question(written({"a": [one]}), written(value))))
    answers = oracle.answers([question for _, question in asked])
    found = Counter((operator, answer) for (operator, _), answer in zip(asked, answers, strict=True))
    for operator in LEAVES:
        assert found[operator, MATCH] > 60, (operator, found)
        assert found[operator, NO_MATCH] > 5, (operator, found)
