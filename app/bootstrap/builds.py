"""Builds of llama.cpp as the settings show and change them: one at a time, on a lane's threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future

import httpx2

from app.bootstrap.models import model_places
from app.bootstrap.rooms import Rooms
from app.bootstrap.runtimes import make_trial
from app.hub.control import Control
from app.hub.library import scan
from app.hub.runtime_builds import BUILDS, find_hardware, suited
from app.hub.runtime_builds import Build as Recipe
from app.hub.runtime_compile import can_compile, compile_build
from app.hub.runtime_install import install_wheel
from app.hub.runtimes import Runtimes
from app.ui.settings.runtimes import OWN, Build, Report


class MachineBuilds:
    def __init__(self, rooms: Rooms, lane: Executor) -> None:
        self._rooms = rooms
        self._lane = lane
        self._runtimes = Runtimes(rooms.folders.runtimes)
        self._control = Control()
        self.can_compile = can_compile()

    def look(self) -> "Future[Sequence[Build]]":
        return self._lane.submit(self._look)

    def _look(self) -> Sequence[Build]:
        installed, active = self._runtimes.installed(), self._runtimes.active()
        about = active.refused or "comes with the app"
        own = Build(OWN, "The app's own", about, installed=True, used=not active.name)
        mine = [
            Build(one.name, one.name, one.problem or one.version, True, one.used, one.size)
            for one in installed
        ]
        have = {one.backend for one in installed}
        offered = [
            Build(one.build.backend, one.build.title, one.why)
            for one in suited(find_hardware())
            if one.build.backend not in have
        ]
        return [own, *mine, *offered]

    def install(self, name: str, report: Report) -> "Future[str]":
        def fetch(build: Recipe, control: Control) -> str:
            with httpx2.Client() as client:
                return install_wheel(
                    self._runtimes,
                    build,
                    client,
                    control=control,
                    report=lambda arrived: report("", arrived.received, arrived.total),
                )

        return self._make(name, fetch)

    def compile(self, name: str, report: Report) -> "Future[str]":
        def build_here(build: Recipe, control: Control) -> str:
            return compile_build(
                self._runtimes,
                build,
                control=control,
                tell=lambda told: report(told.line, told.done, told.total),
            )

        return self._make(name, build_here)

    def _make(self, name: str, make: Callable[[Recipe, Control], str]) -> "Future[str]":
        """And try it: what does not work here is not used."""
        control = self._control = Control()
        build = next(build for backend, build in BUILDS.items() if backend == name)

        def make_and_try() -> str:
            made = make(build, control)
            self._use(made)
            return made

        return self._lane.submit(make_and_try)

    def stop(self) -> None:
        self._control.stop()

    def use(self, name: str) -> "Future[None]":
        return self._lane.submit(self._use, name)

    def remove(self, name: str) -> "Future[None]":
        return self._lane.submit(self._runtimes.remove, name)

    def _use(self, name: str) -> None:
        if name == OWN:
            self._runtimes.clear()
        else:
            places = model_places(self._rooms.settings.value, self._rooms.folders)
            self._runtimes.use(name, make_trial(lambda: scan(places)))
