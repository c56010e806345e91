"""`distributary verify`: whether a read model is what its log says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distributary.cli_terminal import DEFAULT_HOME, HomeOption, JsonOption, environment, group_of, out, reached
from distributary.errors import Differs

if TYPE_CHECKING:
    from consumers.group import Group
    from distributary.folding.crew import Reach
    from distributary.folding.findings import Findings

SampleOption = Annotated[int, typer.Option("--sample", min=0, help="How many keys of each kind are shown.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes that fold; by itself, as many as are of use.")
]
PatienceOption = Annotated[
    float, typer.Option("--patience", min=0, help="Seconds that a group which stands still is waited for.")
]
TruncatedOption = Annotated[
    bool, typer.Option("--accept-truncated", help="Go on where the topic has lost its beginning.")
]


def verify(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The group whose read model is compared.")],
    sample: SampleOption = 5,
    workers: WorkersOption = None,
    patience: PatienceOption = 5.0,
    accept_truncated: TruncatedOption = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Fold the log and compare it with a group's read model, while traffic goes on; exits with 1 where they differ."""
    from distributary.cli_progress import print_line, showing
    from distributary.folding.partition import Scope
    from distributary.verify import How
    from distributary.verify import verify as verify_group

    meant = group_of(group)
    how = How(workers=workers, patience=patience, accept_truncated=accept_truncated)
    with reached(home) as adapters, showing(json=json) as show:
        found = verify_group(adapters, reach_of(home), meant, Scope(samples=sample), how, show)
    if json:
        print_line(report(meant, found))
    else:
        print_findings(meant, found)
    if found.differences:
        raise Differs(
            f"{meant.read_model.name} is not what its log says under {found.differences} keys; `distributary rebuild "
            f"{meant.name}` mends them, and `distributary explain TABLE KEY` tells the story of one"
        )


def reach_of(home: Any) -> Reach:
    """How other processes of this command reach the same pipeline. Raises SettingsError."""
    from distributary.folding.crew import Reach

    return Reach(home or DEFAULT_HOME, environment(), time.time)


def report(group: Group, found: Findings) -> dict[str, Any]:
    """What was found, as one JSON document."""
    from distributary.folding.findings import APART
    from distributary.folding.judge import Finding

    kinds = (*(finding.value for finding in Finding), *APART)
    return {
        "group": group.name,
        "read_model": group.read_model.name,
        "events": found.events,
        "keys": found.keys,
        "differences": found.differences,
        "counts": {kind: found.counts.get(kind, 0) for kind in kinds},
        "samples": found.samples,
    }


def print_findings(group: Group, found: Findings) -> None:
    """What was found, for a person."""
    told = report(group, found)
    say(f"{group.name}: {found.events:,} events, folded to {found.keys:,} keys, against {group.read_model.name}")
    for kind, count in told["counts"].items():
        say(f"  {_KINDS[kind]:<52}{count:>8,}")
    for sample in found.samples:
        say(f"{_KINDS[sample.kind].partition(':')[0]}: {sample.key}{_versions(sample)}")
        for name, (expected, there) in sample.fields.items():
            say(f"    {name}: expected {_short(expected)}, found {_short(there)}")
    if not found.differences:
        say("the read model is what its log says")


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
