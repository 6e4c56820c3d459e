"""`python -m app fetch-xet`: one file by the hub library's own download, in a process of its own.

Reads the question from stdin (it has the token, which does not belong on a command line), answers
with the path or an error's name on stdout. It can be killed at any moment; the parent cleans up.
"""

import os
import sys
from typing import Any

import msgspec

ARGUMENT = "fetch-xet"


class Question(msgspec.Struct, frozen=True):
    endpoint: str
    repository: str
    revision: str
    path: str
    token: str
    folder: str


class Answer(msgspec.Struct, frozen=True):
    path: str = ""
    trouble: str = ""


def main() -> int:
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    answer = _fetch(question)
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    sys.stdout.flush()
    return 0 if answer.path else 1


def _fetch(question: Question) -> Answer:
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        import huggingface_hub

        hub: Any = huggingface_hub  # its types are not known whole
        path: str = hub.hf_hub_download(
            question.repository,
            question.path,
            revision=question.revision,
            endpoint=question.endpoint,
            token=question.token or False,
            local_dir=question.folder,
        )
    except Exception as error:  # noqa: BLE001 - the parent says it in a sentence
        return Answer(trouble=type(error).__name__)
    return Answer(path=path)
