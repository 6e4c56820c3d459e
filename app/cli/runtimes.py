"""`llama-chat runtimes …`: builds of llama.cpp for this machine's GPU, beside the app's own."""

from typing import Annotated

import msgspec
import typer

from app.bootstrap.hub import find_ground, open_client
from app.bootstrap.runtimes import make_trial, runtime_launch
from app.cli.output import print_json
from app.cli.progress import Meter
from app.core.errors import KnownError
from app.core.lines import columns, in_words
from app.hub.runtime_builds import BUILDS, Backend, find_hardware, suited
from app.hub.runtime_compile import Told, can_compile, compile_build
from app.hub.runtime_install import install_wheel
from app.hub.runtimes import Runtimes
from app.hub.transfer import Arrived
from app.workers.greeting import greet

app = typer.Typer(
    name="runtimes", help="Builds of llama.cpp for this machine's GPU.", no_args_is_help=True
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Installed = Annotated[str, typer.Argument(help="A name that `runtimes list` shows.")]
OWN = "built-in"


@app.command("list")
def list_(*, as_json: _Json = False) -> None:
    """What suits this machine, what is installed, and what the engine runs on."""
    runtimes = _runtimes()
    hardware = find_hardware()
    try:
        devices, problem = greet(runtime_launch(runtimes)).devices, ""
    except KnownError as error:
        devices, problem = (), error.message
    # Asked after the engine has had its say.
    suits, installed, active = suited(hardware), runtimes.installed(), runtimes.active()
    if as_json:
        print_json(
            {
                "suited": [
                    {"backend": one.build.backend, "title": one.build.title, "why": one.why}
                    for one in suits
                ],
                "can_compile": can_compile(),
                "installed": installed,
                "used": active.name or OWN,
                "refused": active.refused or problem,
                "devices": [msgspec.structs.asdict(device) for device in devices],
            }
        )
        return
    typer.echo("Suits this machine, the best first:")
    for line in columns([(one.build.backend, one.build.title, one.why) for one in suits]):
        typer.echo(f"  {line}")
    here = " With --compile it is built here." if can_compile() else ""
    typer.echo(f'  "llama-chat runtimes install NAME" fetches one.{here}')
    typer.echo("Installed:")
    rows = [
        (one.name, in_words(one.size), "in use" if one.used else "", one.problem)
        for one in installed
    ]
    for line in columns([(OWN, "", "" if active.name else "in use", ""), *rows]):
        typer.echo(f"  {line}")
    typer.echo("The engine computes on:")
    for device in devices:
        memory = f"{in_words(device.free_bytes)} free of {in_words(device.total_bytes)}"
        typer.echo(f"  {device.name}: {device.description.strip()}, {memory}")
    if active.refused or problem:
        typer.echo(active.refused or problem, err=True)


@app.command()
def install(
    backend: Annotated[Backend, typer.Argument(help="Which one; see `runtimes list`.")],
    *,
    index: Annotated[
        str, typer.Option("--index", help="Another wheel index than upstream's.")
    ] = "",
    compile_here: Annotated[
        bool, typer.Option("--compile", help="Build it on this machine; takes minutes.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="All that the compiler says.")
    ] = False,
    use_it: Annotated[bool, typer.Option("--use/--no-use", help="Use it when it works.")] = True,
) -> None:
    """Install a build: fetched and verified by its published hash, or compiled here."""
    runtimes, build = _runtimes(), BUILDS[backend]
    if compile_here:
        typer.echo(f"Compiling {build.title}: this takes some minutes.", err=True)
        with Meter("Compiling", steps=True) as meter:

            def tell(told: Told) -> None:
                if verbose:
                    typer.echo(told.line, err=True)
                elif told.total:
                    meter.show(told.done, told.total)

            name = compile_build(runtimes, build, tell=tell)
    else:
        with open_client() as client, Meter(build.title) as meter:

            def report(arrived: Arrived) -> None:
                meter.show(arrived.received, arrived.total, arrived.note)

            name = install_wheel(runtimes, build, client, index=index, report=report)
    typer.echo(f"{name} is installed.")
    if use_it:
        use(name)


@app.command()
def use(name: Annotated[str, typer.Argument(help=f"A name that `list` shows, or {OWN}.")]) -> None:
    """Try a build in a process of its own and use it when it works."""
    runtimes = _runtimes()
    if name == OWN:
        runtimes.clear()
    else:
        runtimes.use(name, make_trial(find_ground().library))
    typer.echo(f"{name} is in use from the next engine on.")


@app.command()
def remove(name: _Installed) -> None:
    """Delete an installed build; if it was in use, the app's own is again."""
    _runtimes().remove(name)
    typer.echo(f"{name} is removed.")


def _runtimes() -> Runtimes:
    return Runtimes(find_ground().folders.runtimes)
