"""Our downloads beside curl's, from the same stand-in of the hub in its own process.

`bench_download.py [--bytes N] [--rounds N] [--rate BYTES_PER_S] [--folder F]`: each round fetches
the same file with curl, with curl into sha256sum, and with ours, which verifies it; medians of all
rounds, ours with the memory its process came to use, as JSON.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: the repository root is not on the path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ROOT = Path(__file__).resolve().parents[1]
FILE = "/stand-in/sparse/resolve/main/sparse-Q8_0.gguf"


@contextmanager
def stand_in(size: int, rate: int) -> Iterator[str]:
    """The endpoint of a hub with one large file."""
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, str(ROOT / "scripts/hub_stand_in.py"), empty]
        command += ["--sparse", str(size), "--rate", str(rate)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            yield process.stdout.readline().strip().partition("=")[2]
        finally:
            process.terminate()
            process.communicate()


def facts(endpoint: str) -> dict[str, Any]:
    """The file as the hub describes it."""
    import httpx2

    url = f"{endpoint}/api/models/stand-in/sparse?blobs=true"
    return httpx2.get(url, timeout=600).json()["siblings"][0]["lfs"]


def timed(command: str) -> float:
    began = time.monotonic()
    subprocess.run(command, shell=True, check=True)
    return time.monotonic() - began


def ours(endpoint: str, lfs: dict[str, Any], target: Path) -> dict[str, float]:
    """In a process of its own, as curl is; its start is not counted, as the app already runs."""
    arguments = [endpoint, str(lfs["size"]), lfs["sha256"], str(target)]
    command = [sys.executable, __file__, "--fetch", *arguments]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def fetch_one(endpoint: str, size: str, sha256: str, target: str) -> None:
    """One download by the app's own code: its seconds, and how far its memory grew."""
    import httpx2

    from app.core.downloads import RemoteFile
    from app.hub.transfer import fetch

    with httpx2.Client() as client:
        before, began, worked = peak_mib(), time.monotonic(), time.process_time()
        fetch(client, RemoteFile(endpoint + FILE, int(size), sha256=sha256), Path(target))
        seconds, cpu = time.monotonic() - began, time.process_time() - worked
    print(json.dumps({"seconds": seconds, "cpu": cpu, "grown_mib": peak_mib() - before}))


def hash_alone(size: int) -> float:
    """The seconds that SHA-256 takes of as many bytes: nothing that verifies is faster."""
    digest, block, began = hashlib.sha256(), bytes(1 << 20), time.monotonic()
    for _ in range(size >> 20):
        digest.update(block)
    return time.monotonic() - began


def peak_mib() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(size: int, rounds: int, rate: int, folder: Path) -> dict[str, Any]:
    names = ("curl", "curl | sha256sum", "SHA-256 alone", "ours", "ours, CPU")
    seconds: dict[str, list[float]] = {name: [] for name in names}
    grown: list[float] = []
    target = folder / "bench.gguf"
    with stand_in(size, rate) as endpoint:
        lfs = facts(endpoint)
        for _ in range(rounds):
            fetch = f"curl -sSfL {endpoint}{FILE}"
            seconds["curl"].append(timed(f"{fetch} -o {target}"))
            target.unlink()
            both = f"{fetch} | tee {target} | sha256sum | grep -q {lfs['sha256']}"
            seconds["curl | sha256sum"].append(timed(both))
            target.unlink()
            seconds["SHA-256 alone"].append(hash_alone(size))
            run = ours(endpoint, lfs, target)
            seconds["ours"].append(run["seconds"])
            seconds["ours, CPU"].append(run["cpu"])
            grown.append(run["grown_mib"])
            target.unlink()
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "bytes": size,
        "rate": rate,
        "mb_per_s": {name: round(size / value / 1e6) for name, value in medians.items()},
        "of_curl": round(medians["curl"] / medians["ours"], 2),
        "of_curl_hashing": round(medians["curl | sha256sum"] / medians["ours"], 2),
        "memory_grown_mib": round(max(grown), 1),
        "load": round(os.getloadavg()[0], 1),
        "seconds": {name: [round(value, 2) for value in seconds[name]] for name in seconds},
    }


def main() -> None:
    if sys.argv[1:2] == ["--fetch"]:
        fetch_one(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bytes", type=int, default=2_000_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    args = parser.parse_args()
    print(json.dumps(measure(args.bytes, args.rounds, args.rate, args.folder), indent=2))


if __name__ == "__main__":
    main()
