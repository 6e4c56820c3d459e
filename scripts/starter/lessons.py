"""One lesson is one conversation; its kind, length and words all follow from (seed, number).

Deterministic: the same number gives the same lesson in every run and on every machine. What the
model learns is what its `assistant` messages say.
"""

from random import Random

from app.chat import ledger, narrative
from app.core.ids import MessageId
from app.core.messages import Message
from scripts.starter import foreign, guide, wishes
from scripts.starter.facts import any_fact
from scripts.starter.patterns import capital
from scripts.starter.talk import Said, Talk
from scripts.starter.told import bullet

_KINDS = {
    "chat": 36,
    "wind": 18,
    "recap": 8,
    "merge": 3,
    "title": 8,  # so few tokens that a smaller share is not learnt at all
    "guide": 16,
    "tools": 4,
    "recall": 10,
    "sums": 2,
    "quiz": 10,
}
_SIZES = (250, 250, 450, 450, 450, 700, 700, 1000, 1000, 1500, 1500, 2200, 3200, 4400)  # characters
_EASY = (200, 300, 450)
_TITLE = "Write a title of at most six words for this conversation. Answer with the title only."


def lesson(seed: int, number: int, *, easy: float = 0.0) -> list[Said]:
    """`easy` is the share of short lessons, with which learning to copy begins."""
    rng = Random(f"{seed}/{number}")
    size = rng.choice(_EASY if rng.random() < easy else _SIZES)
    kind = rng.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
    return of_kind(kind, size, rng)


def of_kind(kind: str, size: int, rng: Random) -> list[Said]:
    talk = Talk(rng, tools=kind == "tools" or rng.random() < 0.04)
    match kind:
        case "wind":
            _wind(talk, size)
        case "recap":
            _recap(talk, size)
        case "merge":
            return _merge(rng, size)
        case "title":
            _title(talk)
        case "guide":
            talk.begin(0)
            for _ in range(rng.choice((1, 2, 2, 3, 5))):
                turn = talk.ask_guide if rng.random() < 0.7 else talk.ask_foreign
                turn()
        case "quiz":
            _quiz(talk)
        case "sums":
            talk.begin(0)
            for _ in range(rng.randrange(4, 13)):
                talk.small_sum()
        case "tools":
            talk.begin(rng.choice((0, 0, 2)))
            for _ in range(rng.choice((1, 2, 3))):
                talk.use_tool()
            _turns(talk, min(size, 900), asking=0.4, telling=0.3)
        case "recall":
            talk.begin(rng.choice((0, 2, 5)))
            for _ in range(rng.choice((1, 2, 3))):
                talk.ask_recalled()
                _turns(talk, talk.size + rng.choice((0, 100, 300)), asking=0.3, telling=0.4)
        case _:
            talk.bare = rng.random() < 0.12
            talk.begin(
                rng.choice((0, 0, 0, 2, 4, 7, 12)) if size > 400 else rng.choice((0, 0, 1, 2))
            )
            _turns(
                talk, size, asking=rng.choice((0.3, 0.5, 0.7)), telling=rng.choice((0.3, 0.5, 0.8))
            )
            if talk.known:
                talk.ask()
    if not talk.said or talk.said[-1][0] != "assistant":
        talk.ask_guide()
    return talk.said


def _turns(talk: Talk, size: int, *, asking: float, telling: float) -> None:
    """Fills a conversation; `asking` and `telling` are the shares of turns that do so."""
    rng = talk.rng
    for _ in range(40):
        if talk.size >= size:
            return
        if rng.random() < asking and (talk.known or rng.random() < 0.3):
            if talk.known and rng.random() < 0.78:
                talk.ask()
            elif rng.random() < 0.8:
                talk.ask_unknown()
            else:
                talk.ask_recalled()
        elif rng.random() < telling:
            if talk.known and rng.random() < 0.12:
                talk.update()
            else:
                talk.tell(rng.choice((1, 1, 1, 1, 2, 2, 3, 4)))
        else:
            tool = talk.use_tool if talk.tools else talk.ask_guide
            other = (talk.ask_guide, talk.ask_guide, talk.ask_foreign, talk.ask_foreign,
                     talk.small_sum, talk.idle, tool)  # fmt: skip
            other[int(rng.random() * len(other))]()


def _quiz(talk: Talk) -> None:
    """Some facts, and one question after the other."""
    rng = talk.rng
    talk.begin(rng.choice((0, 3, 5, 8, 12)))
    if len(talk.known) < 3:
        talk.tell(rng.choice((2, 3, 4, 5)))
    for _ in range(rng.randrange(4, 12)):
        turn = rng.choice((talk.ask, talk.ask, talk.ask, talk.ask, talk.tell, talk.ask_unknown))
        turn()


def _wind(talk: Talk, size: int) -> None:
    """The app's own instruction, over a conversation whose newest turns it leaves out; at times
    the one to merge the notes it began with (never those where facts stand in whole sentences)."""
    rng = talk.rng
    alone = rng.random() < 0.1  # the old turns alone are asked about, as after a failure
    talk.begin(0 if alone else rng.choice((0, 0, 2, 5, 9)))
    head, noted = len(talk.said), talk.lettered
    if size < 400:
        size += 200
    _turns(talk, talk.size + size, asking=0.15, telling=rng.choice((0.4, 0.6, 0.85)))
    users = [at for at, (role, _) in enumerate(talk.said) if role == "user" and at >= head]
    if not users:
        return
    notes = [line for at, line in talk.bullets if at == 0]
    if notes and len(notes) == noted and rng.random() < 0.2:
        talk.say(narrative.live_merge_request(), "\n".join(notes))
        return
    cut = rng.choice(users[1:]) if len(users) > 1 and rng.random() < 0.92 else len(talk.said)
    spoken = [Message(role="user", content=text) for _, text in talk.said]
    extra = rng.choice(
        ("", "", "", "", "Keep it short.", "Answer in English.", "Mention every number.")
    )
    if alone:
        talk.said, after = talk.said[head:cut], Message(role="user", content=foreign.idle(rng))
        wish = narrative.summary_request(spoken[users[0]], after, extra)
        lines = [line for at, line in talk.bullets if head <= at < cut]
    else:
        after = spoken[cut] if cut < len(spoken) else None
        wish = narrative.summary_request(spoken[users[0]], after, extra)
        lines = [line for at, line in talk.bullets if head <= at < cut]
    talk.say(wish, "\n".join(lines) or wishes.NOTHING)


def _recap(talk: Talk, size: int) -> None:
    rng = talk.rng
    talk.begin(rng.choice((0, 0, 0, 3, 6)))
    _turns(talk, talk.size + size // 2, asking=0.2, telling=0.6)
    lines = [line for _, line in talk.bullets]
    talk.say(wishes.recap(rng), "\n".join(lines) or wishes.NOTHING)
    if rng.random() < 0.4:
        _turns(talk, talk.size + 300, asking=0.6, telling=0.5)


def _merge(rng: Random, size: int) -> list[Said]:
    """Two or three notes become one list; nothing is added, what was replaced goes."""
    first, lines, entries = rng.choice((0, 0, 4, 11, rng.randrange(60))), [], ()
    notes: list[str] = []
    for _ in range(rng.choice((2, 2, 2, 3))):
        part: list[str] = []
        for _ in range(rng.randrange(1, max(2, min(9, size // 150)))):
            fact = any_fact(rng)
            part.append(bullet(first + len(lines) + len(part), fact))
            entries = ledger.merge(entries, ledger.extract(fact.sentence, MessageId(1)))
        lines += part
        notes.append("\n".join(part))
    wish = narrative.merge_request(notes, ledger.fit(entries, 1500))
    return [("user", wish), ("assistant", "\n".join(lines))]


def _title(talk: Talk) -> None:
    """After the first exchange, as the app asks for it."""
    rng = talk.rng
    roll = rng.random()
    if roll < 0.5:
        talk.tell(rng.choice((1, 1, 2)))
        title = _first_words(talk.bullets[0][1].split(". ", 1)[1])
    elif roll < 0.8:
        text, intent = guide.question(rng)
        talk.say(capital(text), intent.answer)
        title = capital(intent.topic)
    else:
        text = foreign.foreign(rng)
        talk.say(capital(text), foreign.DECLINED)
        title = capital(_first_words(foreign.asked(text).rstrip("?")))
    wish = _TITLE if rng.random() < 0.7 else wishes.title_wish(rng)
    talk.say(wish, title)


def _first_words(text: str) -> str:
    return " ".join(text.split()[:6])
