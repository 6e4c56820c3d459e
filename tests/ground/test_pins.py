"""The pins: plain, complete on every system, and above the floors that pyproject.toml names."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SYSTEMS = {
    "linux": {"platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "darwin": {"platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "win32": {"platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
}


def _lines(*files: str) -> list[str]:
    lines = [
        line for file in files for line in (ROOT / "scripts/pins" / file).read_text().splitlines()
    ]
    return [line for line in lines if not line.startswith("#")]


def _pins(system: str, *files: str) -> dict[str, str]:
    parsed = [Requirement(line) for line in _lines(*files)]
    here = [pin for pin in parsed if not pin.marker or pin.marker.evaluate(_on(system))]
    return {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in here}


def _on(system: str, extra: str = "") -> dict[str, str]:
    facts = {key: str(value) for key, value in default_environment().items()}
    return facts | SYSTEMS[system] | {"sys_platform": system, "extra": extra}


def _wanted() -> dict[str, list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dev = project["optional-dependencies"]["dev"]
    return {
        "runtime": [Requirement(line) for line in project["dependencies"]],
        "dev": [Requirement(line) for line in project["dependencies"] + dev],
    }


def _closure(wanted: list[Requirement], system: str) -> Iterator[Requirement]:
    todo, seen = list(wanted), set[str]()
    while todo:
        requirement = todo.pop()
        extras = requirement.extras or {""}
        marker = requirement.marker
        if str(requirement) in seen or (marker and not marker.evaluate(_on(system))):
            continue
        seen.add(str(requirement))
        yield requirement
        for needed in map(Requirement, _requires(requirement.name)):
            if not needed.marker or any(
                needed.marker.evaluate(_on(system, extra)) for extra in extras
            ):
                needed.marker = None
                todo.append(needed)


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # a package of another system: its own needs cannot be read here
        return []


def test_every_pin_is_a_name_and_a_version() -> None:
    for line in _lines("runtime.txt", "dev.txt"):
        assert re.fullmatch(r'[\w.-]+==[\w.]+( ; sys_platform == "win32")?', line)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    ("group", "files"), [("runtime", ("runtime.txt",)), ("dev", ("runtime.txt", "dev.txt"))]
)
def test_all_that_is_needed_is_pinned_and_nothing_else(
    system: str, group: str, files: tuple[str, ...]
) -> None:
    pins = _pins(system, *files)
    needed = list(_closure(_wanted()[group], system))
    for requirement in needed:
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])
    build_backend = {"flit-core"}
    assert pins.keys() - build_backend == (
        {canonicalize_name(requirement.name) for requirement in needed} - build_backend
    )


def test_what_runs_here_is_what_is_pinned() -> None:
    import sys

    pins = _pins(sys.platform, "runtime.txt", "dev.txt")
    assert {name: version(name) for name in pins} == pins
