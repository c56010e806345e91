"""Programs come from `mvn` and `cargo`: what is fetched is checked before it is kept."""

from __future__ import annotations

import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from distributary.errors import NotFetched, ToolMissing, WrongChecksum
from distributary.local.servers.artifacts import (
    DYNOXIDE,
    KAFKA,
    OPENSEARCH,
    REGISTRY,
    Artifact,
    Crate,
    MavenProgram,
    listed_sums,
    sums_of,
)
from distributary.local.servers.cache import Cache
from distributary.local.servers.checksums import check_files
from distributary.local.servers.install import Installer, folder_name, pom_of, unpack
from distributary.local.servers.tools import Tools

SUMS = {"a.jar": sha256(b"a").hexdigest(), "b.jar": sha256(b"b").hexdigest()}


def tool(folder: Path, name: str, script: str) -> None:
    """A program on the PATH that does what the shell script says."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for programs, with a Java that is new enough in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    tool(folder, "java", "true")
    (tmp_path / "release").write_text('JAVA_VERSION="21"')
    return folder


@pytest.fixture
def installer(tmp_path: Path, tools: Path) -> Installer:
    return Installer(Cache(tmp_path / "cache"), Tools({"PATH": f"{tools}:/usr/bin:/bin"}, []))


def left_in(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()} - {"maven.lock", "cargo.lock"}


def files_in(folder: Path, **content: bytes) -> Path:
    folder.mkdir()
    for name, data in content.items():
        (folder / f"{name}.jar").write_bytes(data)
    return folder


def test_exactly_the_known_files_with_their_sums_pass(tmp_path: Path) -> None:
    check_files(files_in(tmp_path / "x", a=b"a", b=b"b"), SUMS, "x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"a": b"a", "b": b"c"}, "b.jar has the SHA-256 2e7d2c03a9507ae265ecf5b5356885a5"),
        ({"a": b"a"}, "b.jar was not fetched"),
        ({"a": b"a", "b": b"b", "c": b"c"}, "c.jar is not among the known files"),
    ],
)
def test_another_sum_a_missing_and_an_unknown_file_are_named(
    tmp_path: Path, content: dict[str, bytes], said: str
) -> None:
    with pytest.raises(WrongChecksum, match=said):
        check_files(files_in(tmp_path / "x", **content), SUMS, "x")


def test_sums_are_read_for_one_program_alone() -> None:
    text = f"{'a' * 64}  one-1/x.jar\n{'b' * 64}  one-10/x.jar\n{'c' * 64}  two-1/y.zip\n"
    assert listed_sums(text, "one-1") == {"x.jar": "a" * 64}


def test_the_package_knows_the_sum_of_every_file_it_fetches() -> None:
    assert len(sums_of(KAFKA)) == 45
    assert list(sums_of(OPENSEARCH)) == ["opensearch-3.6.0.zip"]
    assert list(sums_of(REGISTRY)) == ["apicurio-registry-app-3.3.3-all.tar.gz"]
    for program in (KAFKA, OPENSEARCH, REGISTRY):
        assert all(len(digest) == 64 for digest in sums_of(program).values())


def test_a_folder_is_named_by_all_that_decides_what_is_in_it() -> None:
    crate = Crate("x", "1", "http")
    assert folder_name(crate).startswith("x-1-")
    assert folder_name(crate) != folder_name(crate._replace(features="http,cli"))
    assert folder_name(KAFKA) != folder_name(KAFKA._replace(artifacts=KAFKA.artifacts[:1]))


def test_a_pom_names_type_and_classifier_and_leaves_out_dependencies_where_asked() -> None:
    artifact = Artifact("org.x", "app", "1", "tar.gz", "all", alone=True)
    pom = pom_of(MavenProgram("x", "1", (artifact, Artifact("org.y", "y", "2"))))
    assert "<type>tar.gz</type><classifier>all</classifier><exclusions>" in pom
    assert "<artifactId>y</artifactId><version>2</version><type>jar</type></dependency>" in pom


def test_a_fetched_file_with_another_sum_is_an_error_and_nothing_of_it_is_kept(
    tmp_path: Path, tools: Path, installer: Installer
) -> None:
    folder = 'for a in "$@"; do case $a in -DoutputDirectory=*) d=${a#*=};; esac; done; mkdir -p $d'
    tool(tools, "mvn", f"{folder}; echo no > $d/opensearch-3.6.0.zip")
    with pytest.raises(WrongChecksum, match=r"opensearch-3\.6\.0\.zip has the SHA-256"):
        installer.folder(OPENSEARCH)
    assert left_in(tmp_path / "cache") == set()


def test_nothing_fetched_is_an_error_too(installer: Installer, tools: Path) -> None:
    tool(tools, "mvn", "true")
    with pytest.raises(WrongChecksum, match=r"opensearch-3\.6\.0\.zip was not fetched"):
        installer.folder(OPENSEARCH)


@pytest.mark.parametrize(("name", "program"), [("mvn", KAFKA), ("cargo", DYNOXIDE)])
def test_a_failed_fetch_says_what_the_tool_said(
    tmp_path: Path, tools: Path, installer: Installer, name: str, program: MavenProgram | Crate
) -> None:
    tool(tools, name, "echo at work; echo '[ERROR] no route to the repository'; echo bye; exit 3")
    with pytest.raises(NotFetched, match=f"{name} ended with 3 and said '.ERROR. no route to the repository'"):
        installer.folder(program)
    assert left_in(tmp_path / "cache") == set()


def test_cargo_builds_into_the_cache_and_its_leavings_go(tmp_path: Path, tools: Path) -> None:
    tool(tools, "cargo", 'while [ "$1" != --root ]; do shift; done; mkdir -p "$2/bin" "$4"; echo > "$2/bin/dynoxide"')
    told: list[str] = []
    installer = Installer(Cache(tmp_path / "cache"), Tools({"PATH": f"{tools}:/usr/bin:/bin"}, []), told.append)
    folder = installer.folder(DYNOXIDE)
    assert [path.name for path in folder.iterdir()] == ["bin"]
    assert folder == installer.folder(DYNOXIDE)
    assert len(told) == 1
    assert "dynoxide-rs 3.2.0" in told[0]


def test_a_tool_is_needed_only_for_what_is_not_in_the_cache(tmp_path: Path) -> None:
    installer = Installer(Cache(tmp_path), Tools({}, []))
    with pytest.raises(ToolMissing, match="`cargo`"):
        installer.check_tools(DYNOXIDE)
    (tmp_path / folder_name(DYNOXIDE)).mkdir()
    installer.check_tools(DYNOXIDE)


def test_archives_are_unpacked_without_the_folders_around(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x-1/bin/run", "zip")
    (tmp_path / "run").write_text("tar")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "run", "bin/run")
    for name, strip in {"x.zip": 1, "x.tar.gz": 0}.items():
        folder = tmp_path / f"from-{name}"
        folder.mkdir()
        unpack(tmp_path / name, folder, strip)
        assert [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*"))] == ["bin", "bin/run"]
