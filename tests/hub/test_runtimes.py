"""Builds of llama.cpp: which suit, what is installed, and that nothing unverified is handed out."""

import os
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx2
import msgspec
import psutil
import pytest

from app.core.errors import HubError, InvalidRequest
from app.hub import runtime_install, wheels
from app.hub.control import Control, Stopped
from app.hub.runtime_builds import BUILDS, Hardware, bindings_version, find_hardware, suited
from app.hub.runtime_compile import Told, compile_build
from app.hub.runtime_install import install_wheel
from app.hub.runtimes import INCOMING, LIBRARIES, MANIFEST, Active, Runtimes
from app.hub.wheels import find_wheel, runs_here
from tests.hub.wheel_index import LIBRARY, Index, make_wheel, sha256, wheel_name

CUDA = BUILDS["cuda12"]
NAME = f"cuda12-{bindings_version()}"
INSIDE = f"llama_cpp/lib/{LIBRARY}"


@pytest.fixture
def index() -> Iterator[Index]:
    with Index().serving() as served:
        yield served


@pytest.fixture
def runtimes(tmp_path: Path) -> Runtimes:
    return Runtimes(tmp_path / "runtimes")


def works(_: Path) -> str:
    return ""


def install(runtimes: Runtimes, index: Index, client: httpx2.Client) -> str:
    return install_wheel(
        runtimes, CUDA, client, index=index.url(), github_api=f"{index.address}/github"
    )


@pytest.fixture
def installed(runtimes: Runtimes, index: Index, client: httpx2.Client) -> Path:
    index.offer(make_wheel())
    return runtimes.folder / install(runtimes, index, client)


# ---------------------------------------------------------------- which suit


@pytest.mark.parametrize(
    ("hardware", "expected"),
    [
        (Hardware("linux", "x86_64"), "cpu"),
        (Hardware("darwin", "arm64"), "metal cpu"),
        (Hardware("darwin", "x86_64", frozenset({"amd"}), vulkan=True), "cpu"),
        (
            Hardware("linux", "x86_64", frozenset({"nvidia"}), 580, vulkan=True),
            "cuda13 cuda12 vulkan cpu",
        ),
        (Hardware("win32", "x86_64", frozenset({"nvidia"}), 535), "cuda12 cpu"),
        (Hardware("linux", "x86_64", frozenset({"nvidia"}), 470, vulkan=True), "vulkan cpu"),
        (
            Hardware("linux", "x86_64", frozenset({"amd"}), vulkan=True, rocm=True),
            "vulkan rocm cpu",
        ),
        (Hardware("linux", "x86_64", frozenset({"intel"}), vulkan=True), "vulkan cpu"),
        (Hardware("linux", "x86_64", vulkan=True), "cpu"),  # a loader, and nothing to drive
    ],
)
def test_what_suits_the_best_first(hardware: Hardware, expected: str) -> None:
    assert " ".join(one.build.backend for one in suited(hardware)) == expected
    assert all(one.why for one in suited(hardware))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and /sys")
def test_hardware_is_read_from_the_system(tmp_path: Path) -> None:
    assert find_hardware(tmp_path).vendors == frozenset()
    vendor = tmp_path / "sys" / "class" / "drm" / "card1" / "device" / "vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("0x1002\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "kfd").touch()
    driver = tmp_path / "proc" / "driver" / "nvidia" / "version"
    driver.parent.mkdir(parents=True)
    driver.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27\n")
    found = find_hardware(tmp_path)
    assert found.vendors == {"amd", "nvidia"}
    assert (found.nvidia_driver, found.rocm) == (580, True)


@pytest.mark.skipif(sys.platform != "linux", reason="the tags of Linux")
def test_platform_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "machine_name", lambda: "x86_64")
    monkeypatch.setattr(wheels.platform, "libc_ver", lambda: ("glibc", "2.35"))
    assert runs_here("manylinux_2_35_x86_64")
    assert runs_here("manylinux_2_17_x86_64.manylinux2014_x86_64")
    assert runs_here("linux_x86_64")
    for other in (
        "manylinux_2_39_x86_64",
        "manylinux_2_35_aarch64",
        "win_amd64",
        "macosx_11_0_arm64",
    ):
        assert not runs_here(other)
    monkeypatch.setattr(wheels.platform, "libc_ver", lambda: ("", ""))  # musl
    assert not runs_here("manylinux_2_17_x86_64")


# ---------------------------------------------------------------- the index


def test_the_right_wheel_of_an_index(index: Index, client: httpx2.Client) -> None:
    index.offer(make_wheel(), wheel_name("0.0.1"))
    index.offer(make_wheel(), wheel_name(tag="win_arm64_and_then_some"))
    assert find_wheel(client, index.url(), bindings_version()) is None
    assert find_wheel(client, index.url("no-such"), bindings_version()) is None
    index.offer(make_wheel(), wheel_name(f"{bindings_version()}+cu124"))
    found = find_wheel(client, index.url(), bindings_version())
    assert found
    assert "+cu124" in found.name
    assert found.file.sha256 == sha256(make_wheel())


def test_links_that_lead_out_of_the_folder_or_nowhere_are_passed_over(
    index: Index, client: httpx2.Client
) -> None:
    """Their names become those of files here."""
    for lead in ("..%2F..%2F..%2Fx", "py3%2F..%2F..%2Fx", "C:%5Cx"):
        index.offer(make_wheel(), wheel_name().replace("-py3-", f"-{lead}-"))
    page = f"/whl/{CUDA.indexes[1]}/llama-cpp-python/"
    offered = index.pages[page]
    assert isinstance(offered, bytes)
    index.pages[page] = b'<a href="http://[">x</a>' + offered
    assert find_wheel(client, index.url(), bindings_version()) is None


def test_a_wheel_without_a_hash_is_not_taken(index: Index, client: httpx2.Client) -> None:
    index.offer(make_wheel(), digest="")
    with pytest.raises(HubError, match="No hash is published"):
        find_wheel(client, index.url(), bindings_version())


def test_the_hash_of_a_release_is_asked_where_the_index_has_none(
    index: Index, client: httpx2.Client
) -> None:
    """As upstream's: its index links to releases, whose hashes the releases' own page has."""
    wheel, name = make_wheel(), wheel_name()
    path = f"/owner/repo/releases/download/v1-cu124/{name}"
    index.pages[path] = wheel
    index.pages["/whl/cu124/llama-cpp-python/"] = f'<a href="{path}">x</a>'.encode()
    api = f"{index.address}/github"
    release = "/github/repos/owner/repo/releases/tags/v1-cu124"
    for assets in ([], [{"name": name}], [{"name": "other", "digest": f"sha256:{sha256(wheel)}"}]):
        index.pages[release] = msgspec.json.encode({"assets": assets})
        with pytest.raises(HubError, match="No hash is published"):
            find_wheel(client, index.url(), bindings_version(), github_api=api)
    asset = {"name": name, "digest": f"sha256:{sha256(wheel)}"}
    index.pages[release] = msgspec.json.encode({"assets": [asset]})
    found = find_wheel(client, index.url(), bindings_version(), github_api=api)
    assert found
    assert found.file.sha256 == sha256(wheel)


def test_the_network_fails_in_sentences(runtimes: Runtimes, client: httpx2.Client) -> None:
    with pytest.raises(HubError, match="cannot be reached"):
        install_wheel(runtimes, CUDA, client, index="http://127.0.0.1:9/whl")


# ---------------------------------------------------------------- installing


def test_libraries_alone_are_unpacked_and_listed(
    runtimes: Runtimes, index: Index, client: httpx2.Client
) -> None:
    files = {
        INSIDE: b"llama",
        "llama_cpp/lib/libggml.so.0": b"ggml",
        "llama_cpp_python.libs/libgomp-abc.so.1": b"gomp",
        "llama_cpp/lib/sitecustomize.py": b"evil",
        "llama_cpp/__init__.py": b"evil",
        "other.py": b"evil",
    }
    index.offer(make_wheel(files))
    name = install(runtimes, index, client)
    assert name == NAME
    folder = runtimes.folder / name
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    wanted = {file for file in files if ".so" in file or file == INSIDE}
    assert found == {*wanted, MANIFEST}
    (one,) = runtimes.installed()
    assert (one.backend, one.used, one.problem) == ("cuda12", False, "")
    assert not any((runtimes.folder / INCOMING).iterdir())


def test_a_wheel_with_another_hash_is_not_installed(
    runtimes: Runtimes, index: Index, client: httpx2.Client
) -> None:
    index.offer(make_wheel(), digest=sha256(b"what was published"))
    with pytest.raises(HubError):
        install(runtimes, index, client)
    assert runtimes.installed() == []
    assert not (runtimes.folder / NAME).exists()


TRICKS = (
    "../evil.so",
    "/tmp/evil.so",
    "llama_cpp/lib/../../../evil.so",
    "C:/evil.dll",
    "llama_cpp\\..\\evil.so",
    "llama_cpp/lib/con.dll",
    "llama_cpp/lib/evil.so ",
)


@pytest.mark.parametrize("name", TRICKS)
def test_zip_names_that_lead_elsewhere_are_refused(
    name: str, runtimes: Runtimes, index: Index, client: httpx2.Client, tmp_path: Path
) -> None:
    index.offer(make_wheel({INSIDE: b"x", name: b"evil"}))
    with pytest.raises(HubError, match="may not be written"):
        install(runtimes, index, client)
    assert not (runtimes.folder / NAME).exists()
    assert list(tmp_path.rglob("*evil*")) == []


def test_links_doubles_and_bombs_are_refused(
    runtimes: Runtimes, index: Index, client: httpx2.Client, tmp_path: Path
) -> None:
    def refused(path: Path, words: str) -> None:
        index.pages.clear()
        index.offer(path.read_bytes())
        with pytest.raises(HubError, match=words):
            install(runtimes, index, client)
        assert runtimes.installed() == []

    archive = tmp_path / "a.whl"
    with zipfile.ZipFile(archive, "w") as opened:
        link = zipfile.ZipInfo("llama_cpp/lib/libevil.so")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    refused(archive, "may not be written")
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(INSIDE, b"one")
        opened.writestr(INSIDE.upper(), b"two")
    refused(archive, "twice")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(INSIDE, bytes(64 << 20))
    refused(archive, "more than a build can be")
    archive.write_bytes(b"PK\x03\x04 nothing more")
    refused(archive, "damaged")
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("llama_cpp/lib/libggml.so", b"x")
    refused(archive, "no llama library")


def test_what_cannot_be_fetched_can_be_compiled(runtimes: Runtimes, tmp_path: Path) -> None:
    """With a compiler that is none: it leaves a wheel behind, and says what it was given."""
    (tmp_path / "made.whl").write_bytes(make_wheel())
    script = tmp_path / "compiler.py"
    script.write_text(
        "import os, shutil, sys, tempfile\n"
        "assert '-DGGML_CUDA=ON' in os.environ['CMAKE_ARGS']\n"
        "print(tempfile.mkdtemp())\n"
        f"target = os.path.join(sys.argv[1], {wheel_name()!r})\n"
        f"shutil.copy({str(tmp_path / 'made.whl')!r}, target)\n"
    )
    said: list[str] = []
    name = compile_build(
        runtimes,
        CUDA,
        command=(sys.executable, str(script)),
        tell=lambda told: said.append(told.line),
    )
    assert name == f"{NAME}-local"
    left = Path(said[0])
    assert not left.parent.exists(), "what an installer leaves in its folder for passing files"
    assert left.parent != Path(tempfile.gettempdir())
    assert runtimes.installed()[0].source == "compiled here"
    script.write_text("import sys\nprint('CMake Error: CUDA was not found')\nsys.exit(1)\n")
    with pytest.raises(HubError, match="CUDA was not found"):
        compile_build(runtimes, CUDA, command=(sys.executable, str(script)))
    script.write_text("")
    with pytest.raises(HubError, match="left no build"):
        compile_build(runtimes, CUDA, command=(sys.executable, str(script)))
    assert not any((runtimes.folder / INCOMING).iterdir())


_GROUPS = """
import subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
print(*(subprocess.Popen(sleep, process_group=0).pid for _ in range(3)), flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there it is the tree that ends")
def test_a_stopped_compile_leaves_no_compiler(runtimes: Runtimes) -> None:
    """Each in a process group of its own, as ninja starts them."""
    control, compilers = Control(), list[psutil.Process]()

    def tell(told: Told) -> None:
        compilers.extend(psutil.Process(int(pid)) for pid in told.line.split())
        control.stop()

    with pytest.raises(Stopped):
        compile_build(
            runtimes, CUDA, command=(sys.executable, "-c", _GROUPS), control=control, tell=tell
        )
    assert len(compilers) == 3
    _, alive = psutil.wait_procs(compilers, timeout=5)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_compiling_needs_room(runtimes: Runtimes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100 << 20))
    with pytest.raises(HubError, match=r"Compiling needs 0\.5 GB but .* only 0\.1 GB free"):
        compile_build(runtimes, CUDA, command=(sys.executable, "-c", ""))
    assert not any((runtimes.folder / INCOMING).iterdir())


def test_a_library_under_three_names_is_kept_once(
    runtimes: Runtimes, index: Index, client: httpx2.Client
) -> None:
    """Wheels cannot hold links."""
    content = b"library" * 1000
    names = (LIBRARY, f"{LIBRARY}.0", f"{LIBRARY}.0.5.0")
    index.offer(make_wheel({f"llama_cpp/lib/{name}": content for name in names}))
    folder = runtimes.folder / install(runtimes, index, client) / LIBRARIES
    assert {(folder / name).read_bytes() for name in names} == {content}
    assert len({(folder / name).stat().st_ino for name in names}) == 1
    assert len(content) <= runtimes.installed()[0].size < 2 * len(content)
    runtimes.use(NAME, works)
    assert runtimes.active().refused == ""
    (folder / names[2]).write_bytes(content.upper())
    assert "was changed" in runtimes.active().refused


# ---------------------------------------------------------------- using


def test_use_clear_and_remove(runtimes: Runtimes, installed: Path) -> None:
    assert runtimes.active() == Active()
    tried: list[Path] = []

    def trial(libraries: Path) -> str:
        tried.append(libraries)
        return ""

    runtimes.use(NAME, trial)
    assert tried == [installed / LIBRARIES]
    assert runtimes.active() == Active(NAME, installed / LIBRARIES)
    assert runtimes.installed()[0].used
    runtimes.clear()
    assert runtimes.active() == Active()
    runtimes.use(NAME, works)
    runtimes.remove(NAME)
    assert runtimes.active() == Active()
    assert runtimes.installed() == []
    for name in (NAME, "../..", "", ".incoming"):
        with pytest.raises(InvalidRequest, match="no runtime"):
            runtimes.use(name, works)


def test_what_fails_its_trial_is_not_used(runtimes: Runtimes, installed: Path) -> None:
    with pytest.raises(InvalidRequest, match="does not work here: no driver"):
        runtimes.use(NAME, lambda _: "no driver")
    assert runtimes.active() == Active()
    assert installed.exists()


def _swap(installed: Path) -> None:
    library = installed / INSIDE
    before = library.stat()
    library.write_bytes(b"ne library")
    os.utime(library, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same time


def _add(installed: Path) -> None:
    (installed / LIBRARIES / "libggml-evil.so").write_bytes(b"x")


def _link(installed: Path) -> None:
    (installed / INSIDE).rename(installed.parent / "elsewhere")
    (installed / INSIDE).symlink_to(installed.parent / "elsewhere")


def _age(installed: Path) -> None:
    text = (installed / MANIFEST).read_text()
    (installed / MANIFEST).write_text(text.replace(f'"{bindings_version()}"', '"0.0.1"'))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_swap, "was changed"),
        (_add, "other files than were installed"),
        (_link, "is a link"),
        (lambda installed: (installed / INSIDE).unlink(), "is missing"),
        (lambda installed: (installed / MANIFEST).unlink(), "it is gone"),
    ],
)
def test_nothing_unverified_is_handed_out(
    spoil: Callable[[Path], None], words: str, runtimes: Runtimes, installed: Path
) -> None:
    runtimes.use(NAME, works)
    spoil(installed)
    active = runtimes.active()
    assert active.libraries is None
    assert words in active.refused
    with pytest.raises(InvalidRequest):
        runtimes.use(NAME, works)


def test_a_swapped_library_with_a_swapped_list_is_noticed(
    runtimes: Runtimes, installed: Path
) -> None:
    runtimes.use(NAME, works)
    (installed / INSIDE).write_bytes(b"x")
    text = (installed / MANIFEST).read_text()
    (installed / MANIFEST).write_text(text.replace(sha256(b"no library"), sha256(b"x")))
    assert "list of files was changed" in runtimes.active().refused


def test_another_version_is_refused(runtimes: Runtimes, installed: Path) -> None:
    _age(installed)
    assert "the app speaks" in runtimes.installed()[0].problem
    with pytest.raises(InvalidRequest, match=r"of version 0\.0\.1"):
        runtimes.use(NAME, works)


def test_a_touched_file_is_verified_again_and_passes(runtimes: Runtimes, installed: Path) -> None:
    runtimes.use(NAME, works)
    os.utime(installed / INSIDE)
    assert runtimes.active().name == NAME


def test_what_an_engine_refused_stays_refused_until_it_is_chosen_again(
    runtimes: Runtimes, installed: Path
) -> None:
    runtimes.use(NAME, works)
    runtimes.refusal_note.write_text(f"{NAME}\nOSError: libcuda.so.1 is missing\n")
    assert "libcuda.so.1 is missing" in runtimes.active().refused
    assert "libcuda.so.1 is missing" in runtimes.installed()[0].problem
    runtimes.use(NAME, works)
    assert runtimes.active().name == NAME


def test_a_full_disk_is_noticed_before(
    runtimes: Runtimes, index: Index, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.offer(make_wheel())

    def check(folder: Path, missing: int) -> None:
        raise HubError(f"no room for {missing}")

    monkeypatch.setattr(runtime_install, "check_space", check)
    with pytest.raises(HubError, match=f"no room for {4 * len(make_wheel())}"):
        install(runtimes, index, client)
