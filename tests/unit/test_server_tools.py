"""Finding a Java that is new enough, Maven and cargo."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributary.errors import ToolMissing
from distributary.local.servers.tools import Tools, java_version


def java(home: Path, version: str, *, release: bool = True) -> Path:
    """A folder that looks like a JDK; without a `release` file the program says the version itself."""
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
    program.chmod(0o755)
    if release:
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.mark.parametrize(("version", "major"), [("21", 21), ("25.0.3", 25), ("17.0.15", 17), ("1.8.0_442", 8)])
@pytest.mark.parametrize("release", [True, False])
def test_the_version_stands_in_the_release_file_or_is_asked_for(
    tmp_path: Path, version: str, major: int, release: bool
) -> None:
    assert java_version(java(tmp_path / "jdk", version, release=release)) == major


def test_what_is_no_java_has_no_version(tmp_path: Path) -> None:
    assert java_version(tmp_path) is None
    broken = java(tmp_path / "broken", "", release=False)
    (broken / "bin" / "java").chmod(0o644)
    assert java_version(broken) is None


def test_java_home_comes_first_then_the_path_then_the_usual_folders(tmp_path: Path) -> None:
    given, on_path, usual = (java(tmp_path / name, "21") for name in ("given", "path", "usual/jdk"))
    environment = {"JAVA_HOME": str(given), "PATH": f"{tmp_path}:{on_path / 'bin'}"}
    folders = [f"{usual.parent}/*"]
    assert Tools(environment, folders).java_home == given
    assert Tools({"PATH": environment["PATH"]}, folders).java_home == on_path
    assert Tools({}, folders).java_home == usual


def test_a_java_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    old, older = java(tmp_path / "old", "17.0.15"), java(tmp_path / "jvm" / "a", "11")
    new = java(tmp_path / "jvm" / "b", "25")
    environment = {"JAVA_HOME": str(old), "PATH": str(older / "bin"), "HOME": str(tmp_path)}
    assert Tools(environment, ["~/jvm/*"]).java_home == new


def test_a_java_behind_a_link_on_the_path_is_found_where_it_lies(tmp_path: Path) -> None:
    home = java(tmp_path / "jdk", "21")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    assert Tools({"PATH": str(tmp_path / "bin")}, []).java_home == home


def test_a_folder_of_the_path_that_cannot_be_looked_into_is_passed_over(tmp_path: Path) -> None:
    home = java(tmp_path / "jdk", "21")
    assert Tools({"PATH": f"{tmp_path}/{'x' * 300}/bin:{home}/bin"}, []).java_home == home


def test_no_java_new_enough_says_which_were_found_and_what_works_without(tmp_path: Path) -> None:
    old = java(tmp_path / "old", "17.0.15")
    with pytest.raises(ToolMissing) as error:
        _ = Tools({"JAVA_HOME": str(old)}, []).java_home
    for part in ("JDK 21", f"17 in {old}", "JAVA_HOME", "DISTRIBUTARY_KAFKA", "--on embedded"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("name", "endpoint"), [("mvn", "DISTRIBUTARY_OPENSEARCH_URL"), ("cargo", "DISTRIBUTARY_DYNAMODB_URL")]
)
def test_a_missing_program_says_what_to_install_and_what_works_without(
    tmp_path: Path, name: str, endpoint: str
) -> None:
    with pytest.raises(ToolMissing) as error:
        Tools({"PATH": str(tmp_path)}).program(name)
    for part in (f"`{name}`", "install", endpoint, "--on embedded"):
        assert part in str(error.value)
    (tmp_path / name).write_text("#!/bin/sh\n")
    (tmp_path / name).chmod(0o755)
    assert Tools({"PATH": str(tmp_path)}).program(name) == str(tmp_path / name)
