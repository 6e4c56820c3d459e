"""`llama-chat bench …`: measurements that live with the product; `--json` prints them raw."""

import json
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from app.cli.naming import ModelName, Yes, model_to_run

if TYPE_CHECKING:
    from app.cli.bench_memory import Remembered

app = typer.Typer(name="bench", help="Measure speed, reuse and memory.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print the raw figures.")]


@app.command()
def wind(
    model: ModelName = "default",
    turns: Annotated[int, typer.Option(min=20, max=1000)] = 60,
    ctx: Annotated[int, typer.Option(min=2048)] = 2048,
    plot: Annotated[Path | None, typer.Option(help="Write the utilization as an SVG.")] = None,
    facts: Annotated[bool, typer.Option(help="Also what is remembered after ten winds.")] = True,
    yes: Yes = False,
    as_json: _Json = False,
) -> None:
    """What a context wind costs, what it saves, and what is remembered."""
    from app.cli.bench_plots import utilization_svg
    from app.cli.bench_wind import measure, memory

    path = model_to_run(model, yes=yes)
    figures = measure(path, turns, ctx)
    remembered = memory(path, ctx) if facts else {}
    if plot is not None:
        plot.write_text(utilization_svg(figures["utilization"]), encoding="utf-8")
    if as_json:
        kept = {name: msgspec.structs.asdict(found) for name, found in remembered.items()}
        typer.echo(json.dumps(figures | {"memory": kept}, indent=2))
        return
    for name, value in (summary(figures) | recollections(remembered)).items():
        typer.echo(f"{name:42} {value}")


@app.command()
def memory(
    model: Annotated[
        str, typer.Option("--model", "-m", help="A path or a name; without it, the built-in guide.")
    ] = "",
    turns: Annotated[int, typer.Option(min=60, max=2000)] = 200,
    facts: Annotated[int, typer.Option(min=8, max=40, help="Of eight kinds in turn.")] = 40,
    ctx: Annotated[int, typer.Option(min=2048)] = 2048,
    plot: Annotated[Path | None, typer.Option(help="Write what is remembered as an SVG.")] = None,
    yes: Yes = False,
    as_json: _Json = False,
) -> None:
    """What a long conversation still knows, beside what others do with a full window."""
    from app.cli.bench_memory import compare, table
    from app.cli.bench_plots import memory_svg
    from app.core.paths import starter

    def say(text: str) -> None:
        typer.echo(text, err=True)

    guide = str(starter()) if starter().is_file() else "default"
    outcomes = compare(model_to_run(model or guide, yes=yes), turns, facts, ctx, say)
    if plot is not None:
        shares = {name: (each.in_prompt, each.right) for name, each in outcomes.items()}
        plot.write_text(memory_svg(shares), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps({name: each.facts() for name, each in outcomes.items()}, indent=2))
        return
    for line in table(outcomes):
        typer.echo(line)


@app.command()
def engine(
    model: ModelName = "default",
    rounds: Annotated[int, typer.Option(min=1, max=50)] = 5,
    threads: Annotated[int, typer.Option(min=0, help="0: one for each core.")] = 0,
    wind: Annotated[bool, typer.Option(help="Also turns beside a wind: many minutes.")] = True,
    yes: Yes = False,
    as_json: _Json = False,
) -> None:
    """The engine's goals, beside the peers that are installed (scripts/build_peers.py)."""
    from app.cli.bench_engine import measure_engine
    from app.cli.bench_goals import lines, report

    def say(text: str) -> None:
        typer.echo(text, err=True)

    path = model_to_run(model, yes=yes)
    facts = report(path, threads, *measure_engine(path, rounds, threads, say, wind=wind))
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    for line in lines(facts):
        typer.echo(line)


@app.command()
def storage(
    most: Annotated[int, typer.Option("--messages", min=10_000, max=10_000_000)] = 1_000_000,
    folder: Annotated[Path | None, typer.Option(help="Where the databases are kept.")] = None,
    as_json: _Json = False,
) -> None:
    """Opening, paging, searching and saving, from ten thousand messages up."""
    from app.cli.bench_storage import growth, measure_sizes
    from app.core.paths import find_folders

    sizes = measure_sizes(folder or find_folders().cache / "bench-storage", most)
    if as_json:
        facts = {n: [f.facts() for f in figures] for n, figures in sizes.items()}
        typer.echo(json.dumps({"sizes": facts, "growth": growth(sizes)}))
        return
    for total, figures in sizes.items():
        typer.echo(f"{total:,} messages")
        for figure in figures:
            typer.echo(f"  {figure.line()}")
    typer.echo(f"from {min(sizes):,} to {max(sizes):,} messages, processor time")
    for name, times in growth(sizes).items():
        typer.echo(f"  {name:36} × {times:.2f}")


@app.command()
def meaning(
    passages: Annotated[int, typer.Option(min=1_000, max=2_000_000)] = 100_000,
    size: Annotated[int, typer.Option(min=8, max=8192, help="Values of a vector.")] = 384,
    as_json: _Json = False,
) -> None:
    """Finding what is nearest in meaning among so many passages."""
    from app.cli.bench_meaning import measure

    figures, held_mib = measure(passages, size)
    if as_json:
        facts = [figure.facts() for figure in figures]
        typer.echo(json.dumps({"figures": facts, "held_mib": held_mib}))
        return
    for figure in figures:
        typer.echo(figure.line())
    typer.echo(f"{held_mib:.0f} MiB are held for {passages:,} passages")


@app.command()
def ui(
    as_json: _Json = False,
    case: Annotated[str, typer.Option(hidden=True)] = "",
    argument: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """First paint, scrolling, streaming and start-up, beside plain Qt doing the same."""
    from app.cli.bench_ui import lines, measure_all, measure_one

    if case:
        typer.echo(json.dumps(measure_one(case, argument)))
        return
    report = measure_all()
    typer.echo(json.dumps(report, indent=2) if as_json else "\n".join(lines(report)))


def summary(figures: dict[str, Any]) -> dict[str, str]:
    normal = statistics.median(figures["first_token_ms"]["normal"])

    def ratio(name: str) -> str:
        values = figures["first_token_ms"][name]
        return f"{statistics.median(values) / normal:.2f} × a normal turn" if values else "none"

    prefilled = figures["prefilled_per_wind"]
    return {
        "first token, normal turn": f"{normal:.0f} ms (median)",
        "first token, right after a wind": ratio("after_wind"),
        "first token, everything prefilled again": ratio("prefilled_again"),
        "first token, oldest turn dropped": ratio("oldest_dropped"),
        "winds": str(len(prefilled)),
        "tokens prefilled per wind": ", ".join(map(str, prefilled)),
        "highest utilization": f"{max(figures['utilization']):.2f}",
        "longest prompt, of what is allowed": f"{figures['longest_prompt']} of {figures['limit']}",
    }


def recollections(remembered: "dict[str, Remembered]") -> dict[str, str]:
    lines: dict[str, str] = {}
    for name, found in remembered.items():
        where = ", ".join(f"{place} {count}" for place, count in sorted(found.places.items()))
        lines[f"facts in their prompts, {name} set"] = (
            f"{found.quoted} of {found.asked} after {found.winds} winds ({where})"
        )
        lines |= {f"  not: {said}": "" for said in found.missing}
    return lines
