"""The generations of a read model in OpenSearch: an index each, and the aliases that say which one people read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError, RequestError

from consumers.errors import GenerationRefused, GroupRefused, LostRace, Outage
from consumers.generations import Generation, MadeBy, check_made_by, read_first, read_generation_name
from consumers.read_models.opensearch_answers import Counted, IndexFound
from consumers.read_models.opensearch_failures import STORE, outages, said
from consumers.read_models.opensearch_mapping import (
    NO_MARKER,
    before_alias,
    generations_pattern,
    index_name,
    template_body,
)

_NAME_REFUSED = frozenset(
    {"invalid_alias_name_exception", "invalid_index_name_exception", "invalid_index_template_exception"}
)
_ATTEMPTS = 5
"""How often a switch is tried where somebody else switches at the same time."""

Found = dict[int, IndexFound]


class OpenSearchGenerations:
    """See `Generations`. The read model's name is the alias that people read; what they read before has another one,
    so that one request moves both. `client` stays the caller's to close.
    """

    store = STORE

    def __init__(self, name: str, client: OpenSearch) -> None:
        self._name = name
        self._before = before_alias(name)
        self._client = client

    def begin(self, number: int, made_by: MadeBy, body: dict[str, Any]) -> None:
        """Makes the index of that generation where there is none, with the read alias where nothing has that yet.

        See `Preparable.prepare`.
        """
        with outages(self._name):
            # 1. First what keeps a write from making an index.
            try:
                self._client.indices.put_index_template(
                    name=f"{self._name}.generations", body=template_body(self._name)
                )
                there = self._found()
                # 2. Then the index, where there is none.
                if number not in there:
                    there = self._create(number, body, promoted=not self._promoted(there))
            except RequestError as error:
                if error.error not in _NAME_REFUSED:
                    raise
                raise GroupRefused(
                    f"the read model {self._name} cannot be made in OpenSearch: {said(error)}; delete what has that "
                    "name there, or name the read model otherwise"
                ) from error
            # 3. It is what the code would make; one from before that was noted is taken for it.
            if (made := there[number].made_by) is None:
                self._client.indices.put_mapping(index=self._index(number), body={"_meta": made_by._asdict()})
            else:
                check_made_by(self._name, number, made, made_by)
            # 4. Of several that were first at the same time, and of none, the lowest number is read.
            for _ in range(_ATTEMPTS):
                if len(promoted := self._promoted(there)) == 1:
                    return
                with suppress(NotFoundError):
                    self._switch(there, min(promoted or there), before=None)
                there = self._found()
            raise Outage(STORE, f"{self._name}: others keep switching what is read of it")

    def made(self, number: int) -> bool:
        """Whether the index of that generation is there. Raises Outage."""
        with outages(self._name):
            return bool(self._client.indices.exists(index=self._index(number)))

    def all(self) -> list[Generation]:
        """See `Generations.all`."""
        with outages(self._name):
            there = self._found()
            promoted = self._promoted(there)
            return [
                Generation(
                    number=number,
                    documents=self._count(number),
                    made_by=index.made_by,
                    promoted=number in promoted,
                    before=self._before in index.aliases and number not in promoted,
                )
                for number, index in sorted(there.items())
            ]

    def promote(self, number: int) -> None:
        """See `Generations.promote`; one request, which fails where somebody else has moved the alias meanwhile."""
        for _ in range(_ATTEMPTS):
            with outages(self._name):
                there = self._found()
                self._check_there(there, number)
                if (promoted := self._promoted(there)) == [number]:
                    return
                # What was written before the call is found from the first search on.
                self._client.indices.refresh(index=self._index(number))
                try:
                    self._switch(there, number, before=min(promoted, default=None))
                except NotFoundError:
                    continue
                return
        raise LostRace(f"others kept switching what is read of {self._name}; look at `distributary generations`")

    def retire(self, number: int) -> None:
        """See `Generations.retire`; one request, after which the alias is where it was seen."""
        with outages(self._name):
            there = self._found()
            self._check_there(there, number)
            promoted = self._promoted(there)
            if number in promoted:
                raise GenerationRefused(
                    f"generation {number} of {self._name} is what people read; promote another one before"
                )
            # Somebody may have promoted it since: then they read again what they read before.
            kept = [self._add(one, self._name) for one in promoted]
            self._client.indices.update_aliases(
                body={"actions": [*kept, {"remove_index": {"index": self._index(number)}}]}
            )

    @contextmanager
    def reading(self) -> Iterator[int]:
        """See `Generations.reading`; the index may still be retired meanwhile, which is an outage to who reads it."""
        with outages(self._name):
            there = self._found()
        yield read_first(self._promoted(there), there)

    def _create(self, number: int, body: dict[str, Any], *, promoted: bool) -> Found:
        aliases = {self._name: {"filter": NO_MARKER}} if promoted else {}
        try:
            self._client.indices.create(index=self._index(number), body={**body, "aliases": aliases})
        except RequestError as error:
            # Another process may have been faster.
            if error.error != "resource_already_exists_exception":
                raise
        there = self._found()
        if number not in there:
            raise Outage(STORE, f"{self._index(number)}: it was deleted while it was made")
        return there

    def _switch(self, there: Found, number: int, *, before: int | None) -> None:
        """Moves the read alias to that generation and the other one to `before` (None: to none).

        Raises NotFoundError, and moves nothing, where an alias is no longer where it was seen.
        """
        moved = [
            {"remove": {"index": self._index(one), "alias": alias, "must_exist": True}}
            for one, index in there.items()
            for alias in (self._name, self._before)
            if alias in index.aliases
        ]
        added = [self._add(number, self._name)]
        if before is not None:
            added.append(self._add(before, self._before))
        self._client.indices.update_aliases(body={"actions": [*moved, *added]})

    def _add(self, number: int, alias: str) -> dict[str, Any]:
        return {"add": {"index": self._index(number), "alias": alias, "filter": NO_MARKER}}

    def _check_there(self, there: Found, number: int) -> None:
        if number not in there:
            raise GenerationRefused(
                f"there is no generation {number} of {self._name} in {STORE}; "
                f"there are {', '.join(map(str, sorted(there))) or 'none'}"
            )

    def _found(self) -> Found:
        answer = self._client.indices.get(
            index=generations_pattern(self._name), params={"expand_wildcards": "all", "allow_no_indices": "true"}
        )
        named = {read_generation_name(name): index for name, index in answer.items()}
        return {
            number: msgspec.convert(index, IndexFound)
            for (name, number), index in named.items()
            if name == self._name and number is not None
        }

    def _promoted(self, there: Found) -> list[int]:
        return [number for number, index in there.items() if self._name in index.aliases]

    def _count(self, number: int) -> int:
        self._client.indices.refresh(index=self._index(number))
        answer = self._client.count(index=self._index(number), body={"query": NO_MARKER})
        return msgspec.convert(answer, Counted).count

    def _index(self, number: int) -> str:
        return index_name(self._name, number)
