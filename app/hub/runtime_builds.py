"""Which builds of llama.cpp there are, and which of them suit this machine.

Reads a few files of the system and nothing else; on whichever thread calls. Always true: the
processor's own build is among what suits, and comes last.
"""

import platform
import re
import sys
from ctypes.util import find_library
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec

Backend = Literal["cuda13", "cuda12", "metal", "vulkan", "rocm", "cpu"]

UPSTREAM = "https://abetlen.github.io/llama-cpp-python/whl"
_CUDA12_DRIVER, _CUDA13_DRIVER = 525, 580
_DRIVER = re.compile(r"\s(\d{3,4})\.\d+")
_VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}


class Build(msgspec.Struct, frozen=True):
    backend: Backend
    title: str
    indexes: tuple[str, ...]  # below the upstream index, the newest first
    cmake: str  # the flags to compile it with


BUILDS: dict[Backend, Build] = {
    build.backend: build
    for build in (
        Build("cuda13", "NVIDIA (CUDA 13)", ("cu132", "cu130"), "-DGGML_CUDA=ON"),
        Build("cuda12", "NVIDIA (CUDA 12)", ("cu125", "cu124"), "-DGGML_CUDA=ON"),
        Build("metal", "Apple GPU (Metal)", ("metal",), "-DGGML_METAL=ON"),
        Build("vulkan", "Any GPU (Vulkan)", ("vulkan",), "-DGGML_VULKAN=ON"),
        Build("rocm", "AMD (ROCm)", ("rocm72",), "-DGGML_HIP=ON"),
        Build("cpu", "Processor only", ("cpu",), "-DGGML_NATIVE=ON"),
    )
}


class Hardware(msgspec.Struct, frozen=True):
    system: str  # linux | darwin | win32
    machine: str  # x86_64 | arm64
    vendors: frozenset[str] = frozenset()  # of the GPUs: nvidia, amd, intel
    nvidia_driver: int = 0
    vulkan: bool = False
    rocm: bool = False


class Suited(msgspec.Struct, frozen=True):
    build: Build
    why: str


def suited(hardware: Hardware) -> list[Suited]:
    """The best first."""
    found: list[Suited] = []

    def add(backend: Backend, why: str) -> None:
        found.append(Suited(BUILDS[backend], why))

    if hardware.system == "darwin" and hardware.machine == "arm64":
        add("metal", "the GPU of this Mac")
    driver = hardware.nvidia_driver
    if driver >= _CUDA13_DRIVER:
        add("cuda13", f"an NVIDIA GPU with driver {driver}")
    if driver >= _CUDA12_DRIVER:
        add("cuda12", f"an NVIDIA GPU with driver {driver}")
    if hardware.vulkan and hardware.vendors and hardware.system != "darwin":
        gpus = ", ".join(sorted(hardware.vendors))
        add("vulkan", f"a GPU that speaks Vulkan ({gpus})")
    if hardware.rocm and hardware.system == "linux":
        add("rocm", "an AMD GPU with ROCm")
    add("cpu", "every machine")
    return found


def find_hardware(root: Path = Path("/")) -> Hardware:
    vendors = _vendors(root)
    driver = _nvidia_driver(root)
    return Hardware(
        system=sys.platform,
        machine=machine_name(),
        vendors=vendors | frozenset({"nvidia"} if driver else ()),
        nvidia_driver=driver,
        vulkan=bool(find_library("vulkan-1" if sys.platform == "win32" else "vulkan")),
        rocm=(root / "dev" / "kfd").exists() and "amd" in vendors,
    )


def machine_name() -> str:
    name = platform.machine().lower()
    return {"amd64": "x86_64", "aarch64": "arm64"}.get(name, name)


def bindings_version() -> str:
    """The libraries must be of the version that the app's own bindings were made for."""
    return version("llama_cpp_python")


def _vendors(root: Path) -> frozenset[str]:
    found: set[str] = set()
    for file in (root / "sys" / "class" / "drm").glob("card*/device/vendor"):
        try:
            found.add(_VENDORS.get(file.read_text("ascii").strip(), ""))
        except (OSError, UnicodeDecodeError):
            continue
    return frozenset(found - {""})


def _nvidia_driver(root: Path) -> int:
    """Its major version; 0 without one."""
    try:
        text = (root / "proc" / "driver" / "nvidia" / "version").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        # Windows keeps no such file; its driver brings this library, and one that is older than
        # CUDA 12 fails in its trial.
        return _CUDA12_DRIVER if sys.platform == "win32" and find_library("nvcuda") else 0
    match = _DRIVER.search(text)
    return int(match[1]) if match else 0
