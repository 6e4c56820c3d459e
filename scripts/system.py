"""What the operating system must give: a compiler, `venv`, the libraries that Qt loads.

On Debian and Ubuntu as root a missing piece is installed; elsewhere the one command that would
install it is printed, and the script ends. Standard library alone.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn


@dataclass(frozen=True)
class Library:
    file: str
    debian: str


QT_LIBRARIES = (
    Library("libEGL.so.1", "libegl1"),
    Library("libGL.so.1", "libgl1"),
    Library("libdbus-1.so.3", "libdbus-1-3"),
    Library("libfontconfig.so.1", "libfontconfig1"),
    Library("libglib-2.0.so.0", "libglib2.0-0"),
    Library("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
    Library("libxkbcommon.so.0", "libxkbcommon0"),
)
X11_LIBRARIES = (
    Library("libX11-xcb.so.1", "libx11-xcb1"),
    Library("libxcb-cursor.so.0", "libxcb-cursor0"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4"),
    Library("libxcb-image.so.0", "libxcb-image0"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    Library("libxcb-randr.so.0", "libxcb-randr0"),
    Library("libxcb-render-util.so.0", "libxcb-render-util0"),
    Library("libxcb-render.so.0", "libxcb-render0"),
    Library("libxcb-shape.so.0", "libxcb-shape0"),
    Library("libxcb-shm.so.0", "libxcb-shm0"),
    Library("libxcb-sync.so.1", "libxcb-sync1"),
    Library("libxcb-util.so.1", "libxcb-util1"),
    Library("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    Library("libxcb-xkb.so.1", "libxcb-xkb1"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
)

_COMPILE = "#include <vector>\nint main() { return (int)std::vector<int>().size(); }\n"
_BUILD_TOOLS = (
    'winget install Microsoft.VisualStudio.2022.BuildTools --override "--wait --passive '
    '--add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"'
)


def require_libraries(libraries: tuple[Library, ...]) -> None:
    if sys.platform != "linux":
        return
    if missing := _missing(libraries):
        _install(
            "Qt needs system libraries that are not here: " + _listed(missing),
            debian=[library.debian for library in missing],
            # dnf and zypper find a package by the library it provides.
            fedora=[f"'{library.file}()(64bit)'" for library in missing],
        )
    if missing := _missing(libraries):
        _refuse("Qt still misses: " + _listed(missing))


def require_venv() -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    _install(
        "This Python lacks the venv module (ensurepip).",
        debian=[f"{version}-venv"],
        fedora=[version],
    )


def require_compiler() -> None:
    if _compiles():
        return
    if sys.platform == "darwin":
        _refuse("No C++ compiler was found. Install one: xcode-select --install")
    if sys.platform == "win32":
        _refuse(f"No C++ compiler was found. Install one: {_BUILD_TOOLS}")
    _install("No working C++ compiler was found.", debian=["g++"], fedora=["gcc-c++"])
    if not _compiles():
        _refuse("The C++ compiler still does not work.")


def _missing(libraries: tuple[Library, ...]) -> list[Library]:
    return [library for library in libraries if not _loads(library.file)]


def _loads(file: str) -> bool:
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


def _listed(libraries: list[Library]) -> str:
    return ", ".join(library.file for library in libraries)


def _compiles() -> bool:
    if sys.platform == "win32":
        return shutil.which("cl") is not None or _visual_studio().exists()
    if sys.platform == "darwin" and subprocess.call(
        ["xcode-select", "-p"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        return False  # /usr/bin/c++ would only open a dialog
    compiler = os.environ.get("CXX") or next(filter(shutil.which, ("c++", "g++", "clang++")), None)
    if compiler is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.cpp"
        source.write_text(_COMPILE)
        command = [*compiler.split(), str(source), "-o", str(source.with_suffix(""))]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def _visual_studio() -> Path:
    programs = os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)")
    return Path(programs) / "Microsoft Visual Studio" / "Installer" / "vswhere.exe"


def _install(problem: str, *, debian: list[str], fedora: list[str]) -> None:
    print(problem, flush=True)
    apt = ["apt-get", "install", "--yes", "--no-install-recommends", *debian]
    if shutil.which("apt-get") is None:
        _refuse(_advice(fedora))
    if os.geteuid() != 0:
        _refuse("This installs what is missing:\n  sudo " + " ".join(apt))
    print("- Installing " + " ".join(debian) + " ...", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": quiet}
    # The package lists may be missing or old: only then are they worth the wait.
    if subprocess.call(apt, **silent) and (
        subprocess.call(["apt-get", "update"], **silent) or subprocess.call(apt, **silent)
    ):
        _refuse("That failed. By hand:\n  apt-get update && " + " ".join(apt))


def _advice(fedora: list[str]) -> str:
    for tool in ("dnf", "zypper"):
        if shutil.which(tool):
            return f"This installs what is missing:\n  sudo {tool} install {' '.join(fedora)}"
    return "Install what is missing with your system's package manager and run this again."


def _refuse(reason: str) -> NoReturn:
    print(reason, file=sys.stderr, flush=True)
    sys.exit(1)
