"""Lint, format, types, import contracts and sizes in one command: `python3 scripts/check.py`."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# pyright as its own registry packages it: the other packaging downloads more when it first runs.
# A pyrightconfig.json in any folder above would win over ours, so ours is named.
PYRIGHT = ("-m", "basedpyright", "--project", "pyproject.toml")
LINT_IMPORTS = ("-c", "from importlinter.cli import lint_imports_command as run; run()")
SIZE = str(Path(__file__).with_name("size.py"))


@dataclass(frozen=True)
class Check:
    name: str
    arguments: tuple[str, ...]  # to Python, in the checkout
    repair: str


CHECKS = (
    Check("lint", ("-m", "ruff", "check", "."), "ruff check --fix mends some of these"),
    Check("format", ("-m", "ruff", "format", "--check", "."), "ruff format mends this"),
    Check("types", (*PYRIGHT, "--pythonpath", "{python}"), "pyright strict on app/"),
    Check("imports", (*LINT_IMPORTS, "--no-cache", "--no-logo"), "contracts: pyproject.toml"),
    Check("sizes", (SIZE,), "exceptions are listed in scripts/size.py, each with its reason"),
)


def failures(root: Path, python: Path) -> dict[str, str]:
    """Runs every check over `root`; what each one that failed had to say, by its name."""
    failed: dict[str, str] = {}
    for check in CHECKS:
        started = time.monotonic()
        arguments = [argument.format(python=python) for argument in check.arguments]
        run = subprocess.run(
            [python, *arguments],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        outcome = "FAILED" if run.returncode else "ok"
        print(f"{check.name:8} {outcome:6} {time.monotonic() - started:5.1f} s", flush=True)
        if run.returncode:
            failed[check.name] = f"{run.stdout.strip()}\n({check.repair})"
    return failed


def main() -> int:
    import environment

    failed = failures(environment.ROOT, environment.prepare(environment.DEV))
    for name, complaint in failed.items():
        print(f"\n== {name} ==\n{complaint}")
    print(f"\n{len(CHECKS) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
