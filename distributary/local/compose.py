"""The container engine, by its command: the services of the project's `docker-compose.yml`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Event

from distributary.errors import NotDrained, ServerFailed, ToolMissing

FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
_WITHOUT = "or use `--on embedded`, which needs nothing, or `--on servers`, which needs a JDK and no containers"
_LOOK_SECONDS = 0.1
_ANSWER_SECONDS = 30.0
_STANDARD_ERROR = 2


class Compose:
    """`docker compose` on `file`. `environment` is where the command is looked for; `stop` ends a start.

    What the command itself says goes to standard error, for it may take minutes.
    """

    def __init__(self, environment: Mapping[str, str], stop: Event, file: Path = FILE) -> None:
        self._environment = dict(environment)
        self.told = stop
        self._file = file

    def check(self) -> None:
        """Nothing, where the file is there and an engine can take it. Raises ToolMissing."""
        if not self._file.is_file():
            raise ToolMissing(
                f"{self._file} is not there, and `--on compose` builds its images from a checkout of the project; "
                f"install it from one with `make setup`, {_WITHOUT}"
            )
        self._docker()
        plugin = self._ask("compose", "version")
        if plugin.returncode:
            raise ToolMissing(f"`docker` has no compose plugin; install Docker's compose plugin, {_WITHOUT}")
        engine = self._ask("version", "--format", "{{.Server.Version}}")
        if engine.returncode:
            said = (engine.stderr.strip().splitlines() or ["nothing"])[-1]
            raise ToolMissing(f"the container engine does not answer ({said}); start it, {_WITHOUT}")

    def up(self) -> None:
        """Builds, starts and returns when every service is healthy. Raises ServerFailed, NotDrained if told to end."""
        status = self._run("up", "--detach", "--wait")
        if self.told.is_set():
            raise NotDrained("the run was stopped before it was ready")
        if status:
            raise ServerFailed(
                f"`docker compose up` ended with {status}; what it said stands above, and "
                f"`docker compose --file {self._file} logs` has what each service said"
            )

    def stop(self) -> None:
        """Stops every service; their state is kept."""
        self._run("stop", patient=True)

    def ended(self, service: str) -> bool:
        """Whether the service's container is known to have ended."""
        found = self._ask("compose", "--file", str(self._file), "ps", "--all", "--format", "{{.State}}", service)
        return found.returncode == 0 and found.stdout.split() in (["exited"], ["dead"])

    def _docker(self) -> str:
        found = shutil.which("docker", path=self._environment.get("PATH", ""))
        if found is None:
            raise ToolMissing(
                "`docker` is not on the PATH, and `--on compose` runs everything in containers; install Docker with "
                f"its compose plugin, {_WITHOUT}"
            )
        return found

    def _run(self, *arguments: str, patient: bool = False) -> int:
        """The command's exit status; unless it is `patient`, it is ended when `stop` is set."""
        running = subprocess.Popen(
            [self._docker(), "compose", "--file", str(self._file), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=_STANDARD_ERROR,
            # Ctrl-C is for us: it is we who end it.
            start_new_session=True,
        )
        while not patient and running.poll() is None:
            if self.told.wait(_LOOK_SECONDS):
                running.terminate()
                break
        return running.wait()

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self._docker(), *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_ANSWER_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(arguments, 1, "", f"no answer in {_ANSWER_SECONDS:g} s")
