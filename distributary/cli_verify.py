"""`distributary verify`: whether a read model is what its log says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distributary.cli_bridge import BridgeOption, Pages, WaitOption
from distributary.cli_terminal import DEFAULT_HOME, HomeOption, JsonOption, environment, group_of, out, reached
from distributary.errors import Differs, UnusableFolder

if TYPE_CHECKING:
    from consumers.group import Group
    from distributary.folding.crew import Reach
    from distributary.folding.findings import Findings
    from distributary.verify import How

SampleOption = Annotated[int, typer.Option("--sample", min=0, help="How many keys of each kind are shown.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes that fold; by itself, as many as are of use.")
]
PatienceOption = Annotated[
    float, typer.Option("--patience", min=0, help="Seconds that a group which stands still is waited for.")
]
KeysToOption = Annotated[
    Path | None, typer.Option("--keys-to", metavar="FILE", help="Write every key that differs there, one a line.")
]
TruncatedOption = Annotated[
    bool, typer.Option("--accept-truncated", help="Go on where the topic has lost its beginning.")
]


def verify(
    group: Annotated[
        str | None, typer.Argument(metavar="GROUP", help="The group whose read model is compared with its log.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="TABLE", help="Compare a table with its log instead.")
    ] = None,
    sample: SampleOption = 5,
    keys_to: KeysToOption = None,
    workers: WorkersOption = None,
    patience: PatienceOption = 5.0,
    accept_truncated: TruncatedOption = False,
    bridge: BridgeOption = None,
    wait: WaitOption = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Fold the log and compare it with a group's read model, or a table with it, while traffic goes on.

    Exits with 1 where they differ.
    """
    from distributary.cli_verify_source import verify_table
    from distributary.verify import How

    how = How(workers=workers, patience=patience, accept_truncated=accept_truncated)
    if source is not None and group is None:
        verify_table(source, how, sample, keys_to, Pages(bridge, wait), json=json, home=home)
    elif group is not None and source is None:
        _verify_group(group_of(group), how, sample, keys_to, json=json, home=home)
    else:
        raise typer.BadParameter("name a GROUP, or a table with --source TABLE, and not both")


def _verify_group(meant: Group, how: How, sample: int, keys_to: Path | None, *, json: bool, home: Path | None) -> None:
    """Verifies a group. Raises Differs."""
    from distributary.cli_progress import print_line, showing
    from distributary.folding.partition import Scope
    from distributary.verify import verify as verify_group

    with reached(home) as adapters, showing(json=json) as show, writing_keys(keys_to) as keys:
        found = verify_group(adapters, reach_of(home), meant, Scope(samples=sample), how, show, keys)
    if json:
        print_line(report(meant, found))
    else:
        print_findings(meant, found)
    if found.differences:
        raise Differs(
            f"{meant.read_model.name} is not what its log says under {found.differences} keys; `distributary rebuild "
            f"{meant.name}` mends them, and `distributary explain TABLE KEY` tells the story of one"
        )


@contextmanager
def writing_keys(file: Path | None) -> Iterator[Callable[[Iterable[bytes]], None]]:
    """What takes keys and writes them to the file, one a line; to none where None. Raises UnusableFolder."""
    if file is None:
        yield lambda _: None
        return
    try:
        written = file.open("wb")
    except OSError as error:
        raise UnusableFolder(f"{file} cannot be written: {error.strerror}; name another with --keys-to") from None
    with written:
        yield lambda keys: written.writelines(key + b"\n" for key in keys)


def reach_of(home: Any) -> Reach:
    """How other processes of this command reach the same pipeline. Raises SettingsError."""
    from distributary.folding.crew import Reach

    return Reach(home or DEFAULT_HOME, environment(), time.time)


def report(group: Group, found: Findings) -> dict[str, Any]:
    """What was found, as one JSON document."""
    return {
        "group": group.name,
        "read_model": group.read_model.name,
        "events": found.events,
        "keys": found.keys,
        "differences": found.differences,
        "counts": counted_kinds(found),
        "samples": found.samples,
    }


def counted_kinds(found: Findings) -> dict[str, int]:
    """How many keys there are of each kind, those of which there are none too."""
    return {kind: found.counts.get(kind, 0) for kind in _KINDS}


def print_findings(group: Group, found: Findings) -> None:
    """What was found, for a person."""
    from distributary.folding.findings import UNDELIVERED

    say(f"{group.name}: {found.events:,} events, folded to {found.keys:,} keys, against {group.read_model.name}")
    print_counts(found)
    if not found.differences:
        so_far = ", of what the group has had" if found.counts.get(UNDELIVERED) else ""
        say(f"the read model is what its log says{so_far}")


def print_counts(found: Findings) -> None:
    """How many keys there are of each kind, and the samples."""
    for kind, count in counted_kinds(found).items():
        say(f"  {_KINDS[kind]:<52}{count:>8,}")
    for sample in found.samples:
        say(f"{_KINDS[sample.kind].partition(':')[0]}: {sample.key}{_versions(sample)}")
        for name, (expected, there) in sample.fields.items():
            say(f"    {name}: expected {_short(expected)}, found {_short(there)}")


def say(text: str) -> None:
    """A line of standard output, as it stands."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


_KINDS = {
    "missing": "missing",
    "different": "different",
    "orphaned": "orphaned: nothing in the log wants it",
    "unremembered": "unremembered: its removal has been forgotten",
    "undelivered": "apart, undelivered: the group stands before it",
    "dead_lettered": "apart, dead-lettered: a letter of it is open",
    "others": "apart, others': documents without a version",
}


def _versions(sample: Any) -> str:
    match sample.expected_version, sample.found_version:
        case None, None:
            return ""
        case expected, found:
            return f"  (expected version {expected or 'none'}, found {found or 'none'})"


def _short(value: Any) -> str:
    from distributary.dump import exact_json

    text = "nothing" if value is None else exact_json(value).decode()
    return text if len(text) <= 120 else text[:117] + "..."
