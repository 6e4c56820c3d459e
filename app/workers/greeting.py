"""Short-lived processes that answer one question and end: what an engine greets with, what a
chat template can do.

Blocks the calling thread up to its patience. Always true: what the library or a template does to
its process stays there; what comes back is the answer or one sentence.
"""

import io
import os
import subprocess

from app.core.errors import WorkerDied
from app.core.frames import BrokenFrame, read_events
from app.core.protocol import Hello, TemplateReport
from app.engine.template_probe import Source, traits_of
from app.workers.process import Exit, Launch, engine_launch

_PATIENCE_S = 30.0


def greet(launch: Launch | None = None, patience_s: float = _PATIENCE_S) -> Hello:
    """The versions and devices of an engine: it loads its library, says hello and ends."""
    launch = launch or engine_launch()
    try:
        run = subprocess.run(
            launch.command,
            stdin=subprocess.DEVNULL,  # its end is what an engine ends at
            capture_output=True,
            env=os.environ | launch.environment,
            timeout=patience_s,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired as error:
        raise WorkerDied("The engine did not start in time. Try again.") from error
    except OSError as error:
        raise WorkerDied(f"The engine cannot be started ({error.strerror}).") from error
    tail = run.stderr.decode("utf-8", "replace").splitlines()[-40:]
    end = Exit(run.returncode, tuple(tail))
    try:
        events = read_events(io.BytesIO(run.stdout)) or []
    except BrokenFrame:
        events = []
    hello = next((event for event in events if isinstance(event, Hello)), None)
    if hello is None or end.code:
        why = f"{end.how}: {end.hint}" if end.hint else end.how
        raise WorkerDied(f"The engine ended while starting ({why}).")
    return hello


def template_report(template: str, bos: str = "", eos: str = "") -> TemplateReport:
    """What a model's own chat template can do, as its process will find out."""
    if not template:
        return TemplateReport(source="fallback", reason="the model has no chat template")
    answer = traits_of(Source(template, bos, eos))
    if answer.traits is None:
        return TemplateReport(source="fallback", reason=answer.reason)
    return answer.traits.report
