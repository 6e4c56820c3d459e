"""What the guide knows, read from `guide.txt`, and questions about it in ever new words.

Pure but for reading that one file.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from scripts.starter import phrases, values
from scripts.starter.patterns import expand, ways

FILE = Path(__file__).with_name("guide.txt")
HELD_OUT = FILE.with_name("held_out") / "guide.txt"
_HEAD = re.compile(r"## (\w+) \| (.+)")
_SMALL_TALK = frozenset(("hello", "bye", "thanks", "howareyou", "joke"))

_SYNONYMS = {
    word: tuple(others.split("|"))
    for word, others in {
        "chat": "conversation|chat|dialogue|discussion",
        "chats": "conversations|chats",
        "conversation": "chat",
        "show": "display|show",
        "delete": "remove|erase|delete",
        "remove": "delete|remove",
        "change": "adjust|modify|alter|change",
        "get": "fetch|obtain|get",
        "bigger": "larger|bigger",
        "larger": "bigger|larger",
        "folder": "directory|folder",
        "app": "program|application|software|app",
        "message": "message|text|post",
        "answer": "reply|response|answer",
        "reply": "answer|response|reply",
        "answers": "replies|responses|answers",
        "settings": "options|preferences|settings",
        "GPU": "graphics card|video card|NVIDIA card",
        "internet": "web|network|wifi|net",
        "computer": "machine|PC|laptop|computer",
        "faster": "quicker|faster",
        "problem": "issue|problem|trouble",
        "explain": "describe|clarify|explain",
        "model": "LLM|model|AI model|AI",
        "models": "LLMs|models",
        "stored": "kept|located|saved|stored",
        "saved": "stored|kept|saved",
        "start": "begin|launch|start",
        "use": "work with|run|use",
        "need": "require|need",
        "open": "go to|see|open",
        "full": "used up|filled|full",
        "memory": "RAM|memory",
        "edit": "modify|rewrite|edit",
        "stop": "end|halt|stop",
        "where": "in which place|where",
        "choose": "pick|select|choose",
        "which": "what|which",
        "download": "get|download|fetch",
    }.items()
}
_MINOR = frozenset("the a an I do is are to my of in it this me you for does there any can".split())


@dataclass(frozen=True)
class Intent:
    id: str
    topic: str
    wordings: tuple[str, ...]
    answer: str

    def ways(self) -> int:
        return sum(map(ways, self.wordings))


@cache
def intents() -> tuple[Intent, ...]:
    macros: dict[str, str] = {}
    found: list[Intent] = []
    for part in re.split(r"\n(?=## )", FILE.read_text(encoding="utf-8")):
        lines = part.splitlines()
        if not lines[0].startswith("## "):
            macros |= {
                line.split(" = ")[0]: line.split(" = ", 1)[1] for line in lines if line[:1] == "@"
            }
            continue
        head = _HEAD.fullmatch(lines[0])
        if head is None:
            raise ValueError(lines[0])
        asked = [line[2:] for line in lines[1:] if line.startswith("? ")]
        for macro, choices in macros.items():
            asked = [wording.replace(macro, choices) for wording in asked]
        answer = "\n".join(line for line in lines[1:] if not line.startswith("? ")).strip()
        found.append(Intent(head[1], head[2], tuple(asked), answer))
    return tuple(found)


@cache
def held_out() -> tuple[tuple[str, str], ...]:
    """Intent and question, written apart from the wordings here and never trained on."""
    lines = HELD_OUT.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines)
    return tuple((intent, text) for intent, text in pairs)


@cache
def _forbidden() -> frozenset[str]:
    return frozenset(plain(text) for _, text in held_out())


def plain(text: str) -> str:
    """What two wordings share that differ in case and marks only."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def question(rng: Random) -> tuple[str, Intent]:
    """Something the guide can answer, in words that are rarely the same twice."""
    text, intent = _question(rng)
    while plain(text) in _forbidden():
        text, intent = _question(rng)
    return text, intent


def _question(rng: Random) -> tuple[str, Intent]:
    intent = intents()[int(rng.random() * len(intents()))]
    small_talk = intent.id in _SMALL_TALK
    if not small_talk and rng.random() < 0.06:
        pattern = values.one_of(rng, phrases.ABOUT).replace("{t}", intent.topic)
    else:
        weights = [min(ways(wording), 40) ** 0.5 for wording in intent.wordings]
        pattern = rng.choices(intent.wordings, weights)[0]
    text = expand(pattern, rng)
    return (text if small_talk else _varied(text, rng)), intent


def _varied(text: str, rng: Random) -> str:
    said = text.split(" ")
    if rng.random() < 0.45:
        said = [_other(word, rng) if rng.random() < 0.4 else word for word in said]
    if len(said) > 3 and rng.random() < 0.2:
        said = [word for word in said if word not in _MINOR or rng.random() < 0.4] or said
    text = " ".join(said)
    if rng.random() < 0.3:
        text = values.one_of(rng, phrases.BEFORE_GUIDE) + text
    if rng.random() < 0.15:
        mark = "?" if text.endswith("?") else ""
        text = text.removesuffix("?") + values.one_of(rng, phrases.AFTER_GUIDE) + mark
    return text


def _other(word: str, rng: Random) -> str:
    bare = word.rstrip("?")
    if bare not in _SYNONYMS:
        return word
    return values.one_of(rng, _SYNONYMS[bare]) + word[len(bare) :]
