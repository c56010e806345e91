"""One server and its life: started until it is ready, stopped, killed, frozen, started again at the same address."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic
from typing import ClassVar

from distributary.errors import ServerFailed
from distributary.local.servers.artifacts import Program
from distributary.local.servers.install import Installer
from distributary.local.servers.ports import Ports
from distributary.local.servers.process import Command, Process, last_words
from distributary.local.servers.tools import Tools

START_SECONDS = 240.0
"""How long a server may take until it is ready; a machine may be busy."""
_LOOK_SECONDS = 0.1


class Server(ABC):
    """A server with its state in `home`; what each of the four adds is its command line and its ready check."""

    name: ClassVar[str]
    program: ClassVar[Program]
    port_names: ClassVar[tuple[str, ...]]
    on_java: ClassVar[bool] = True

    def __init__(self, home: Path, ports: Ports, tools: Tools) -> None:
        self.home = home
        self.tools = tools
        self.log = home / "logs" / f"{self.name}.log"
        self.ports = ports.take(*(f"{self.name}.{name}" for name in self.port_names))
        self.distribution: Path
        self._process: Process | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """Where clients find it: `host:port`, or a URL."""

    @abstractmethod
    def _command(self) -> Command:
        """How to start it; writes its settings on the way."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether it does its work; asked again and again, also while nothing listens yet."""

    def check(self, installer: Installer) -> None:
        """Nothing, where everything it needs is there or can be had. Raises ToolMissing."""
        installer.check_tools(self.program)
        if self.on_java:
            _ = self.tools.java_home

    def install(self, installer: Installer) -> None:
        """Finds its program, or fetches it. Raises what Installer.folder raises."""
        self.distribution = installer.folder(self.program)

    @property
    def pid(self) -> int:
        """The server's own process id. Raises ServerFailed where it does not run."""
        if self._process is None or self._process.pid is None or self._process.status is not None:
            raise ServerFailed(f"{self.name} does not run; see {self.log}")
        return self._process.pid

    def start(self, given_up: Callable[[], bool] = lambda: False, seconds: float = START_SECONDS) -> None:
        """Starts it and returns when it is ready. Raises ServerFailed, also when `given_up`; it does not run then."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = Process(self._command(), self.log, self.home / f"{self.name}.pid")
        try:
            self._wait(self._process, given_up, seconds)
        except BaseException:
            self.stop()
            raise

    def _wait(self, process: Process, given_up: Callable[[], bool], seconds: float) -> None:
        pause, deadline = Event(), monotonic() + seconds
        while True:
            if process.status is not None:
                raise ServerFailed(self._sentence(process, f"ended with status {process.status} before it was ready"))
            if self._is_ready():
                return
            if monotonic() > deadline:
                raise ServerFailed(self._sentence(process, f"was not ready after {seconds:g} s"))
            if given_up():
                raise ServerFailed(f"{self.name} was stopped before it was ready")
            pause.wait(_LOOK_SECONDS)

    def _sentence(self, process: Process, what: str) -> str:
        said = last_words(process.printed())
        return f"{self.name} {what}; it printed last: {said or 'nothing'} (all of it is in {self.log})"

    def stop(self) -> None:
        """Ends it in its own good time; killed if it takes too long."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """Ends it there and then, as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """Starts it at the same address on what it kept, after `kill` or in place of the one that runs."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freezes it: connections stay open, nothing is answered."""
        if self._process is not None:
            self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on after `pause`."""
        if self._process is not None:
            self._process.send(signal.SIGCONT)

    def variables(self) -> dict[str, str]:
        """The variables it runs under: nothing of the person's own settings gets in its way."""
        path = self.tools.environment.get("PATH", "/usr/bin:/bin")
        return {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "TZ": "UTC"}
