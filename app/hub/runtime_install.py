"""Installing a build of llama.cpp: fetched, verified, unpacked, listed.

Blocks on network and disk, on whichever thread calls. Always true: of a wheel only its libraries
are unpacked, to places inside the runtime's folder; the folder appears under its name complete,
with a list of what every file must be, or not at all.
"""

import contextlib
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

import httpx2
import msgspec

from app.core.errors import HubError
from app.hub.control import Control
from app.hub.runtime_builds import UPSTREAM, Build, bindings_version
from app.hub.runtimes import INCOMING, MANIFEST, Manifest, Runtimes, has_llama, sha256_of
from app.hub.safe_path import is_safe
from app.hub.transfer import Arrived, check_space, fetch
from app.hub.wheels import GITHUB_API, Wheel, find_wheel

_MOST_FILES = 500
_MOST_BYTES = 6 << 30
_MOST_RATIO = 200  # zeros and tables compress well, bombs better
_WANTED = re.compile(r"llama_cpp/lib/[^/]+|[\w.-]+\.libs/[^/]+")
_LIBRARY = re.compile(r".+\.(?:so(?:\.[\d.]+)?|dylib|dll|metal|metallib)", re.IGNORECASE)

Report = Callable[[Arrived], None]


def install_wheel(
    runtimes: Runtimes,
    build: Build,
    client: httpx2.Client,
    *,
    index: str = "",
    github_api: str = GITHUB_API,
    control: Control | None = None,
    report: Report = lambda arrived: None,
) -> str:
    """From the upstream indexes, or the one that is named; the runtime's name."""
    version = bindings_version()
    indexes = [index] if index else [f"{UPSTREAM}/{name}" for name in build.indexes]
    found = (find_wheel(client, one, version, github_api=github_api) for one in indexes)
    wheel = next((one for one in found if one), None)
    if wheel is None:
        raise HubError(
            f"There is no build of version {version} for {build.title} on this system. "
            "It can be compiled on this machine (on the command line: add --compile)."
        )
    archive = runtimes.folder / INCOMING / wheel.name
    check_space(runtimes.folder, 4 * wheel.file.size)
    try:
        fetch(client, wheel.file, archive, control=control, report=report)
        return unpack(runtimes, build, archive, wheel)
    finally:
        archive.unlink(missing_ok=True)


def unpack(runtimes: Runtimes, build: Build, archive: Path, wheel: Wheel | None) -> str:
    """The libraries of a wheel that was verified, or that was made here."""
    version = wheel.version if wheel else bindings_version()
    name = f"{build.backend}-{version}" + ("" if wheel else "-local")
    into = runtimes.folder / INCOMING / f"{name}.{os.getpid()}"
    shutil.rmtree(into, ignore_errors=True)
    try:
        files = _extract(archive, into)
        if not has_llama(into):
            raise HubError("This build holds no llama library for this system.")
        manifest = Manifest(
            name=name,
            backend=build.backend,
            version=version,
            source=wheel.file.url if wheel else "compiled here",
            archive_sha256=sha256_of(archive),
            files=files,
        )
        (into / MANIFEST).write_bytes(msgspec.json.encode(manifest))
        if (runtimes.folder / name).exists():
            runtimes.remove(name)
        into.rename(runtimes.folder / name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise HubError("This build is damaged or not a wheel. Try again.") from error
    finally:
        shutil.rmtree(into, ignore_errors=True)
    return name


def _extract(archive: Path, into: Path) -> dict[str, str]:
    """The hash of each library that was unpacked, by its place."""
    files: dict[str, str] = {}
    kept: dict[str, Path] = {}
    with zipfile.ZipFile(archive) as opened:
        members = [member for member in opened.infolist() if not member.is_dir()]
        _check(members, archive.stat().st_size)
        for member in members:
            if _is_wanted(member.filename):
                target = into.joinpath(*PurePosixPath(member.filename).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, target.open("xb") as writing:
                    _copy(source, writing, member.file_size)
                files[member.filename] = digest = sha256_of(target)
                _share(target, kept.setdefault(digest, target))
    return files


def _share(target: Path, first: Path) -> None:
    """A wheel cannot hold links, so each library is in it under three names."""
    if target != first:
        link = target.with_name(f"{target.name}.link")
        with contextlib.suppress(OSError):  # a disk without links keeps the copy
            os.link(first, link)
            link.replace(target)


def _is_wanted(name: str) -> bool:
    return bool(_WANTED.fullmatch(name) and _LIBRARY.fullmatch(name))


def _check(members: list[zipfile.ZipInfo], archive_size: int) -> None:
    """Refuses the whole archive for one bad name: such a wheel is not an honest one."""
    seen: set[str] = set()
    for member in members:
        name = member.filename
        if not is_safe(name) or stat.S_ISLNK(member.external_attr >> 16):
            raise HubError("This build holds a file that may not be written, so it is refused.")
        if name.casefold() in seen:
            raise HubError("This build holds a file twice, so it is refused.")
        seen.add(name.casefold())
    total = sum(member.file_size for member in members)
    if len(members) > _MOST_FILES or total > min(_MOST_BYTES, _MOST_RATIO * archive_size):
        raise HubError("This build unpacks to more than a build can be, so it is refused.")


def _copy(source: IO[bytes], target: IO[bytes], promised: int) -> None:
    """No more than the archive's list said, whatever comes out of it."""
    left = promised
    while data := source.read(1 << 20):
        left -= len(data)
        if left < 0:
            raise HubError("This build unpacks to more than it says, so it is refused.")
        target.write(data)
