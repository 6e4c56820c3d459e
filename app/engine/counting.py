"""Where each message ends in a rendered conversation, and how many tokens lie before that.

Pure; on the io thread. Always true: the counts add up to the whole prompt's tokens; a long
conversation is rendered a few times, not once for each of its messages (that took 40 s for 500).
"""

from collections.abc import Callable, Collection, Sequence

from app.engine.prompt import Disguise, Prompt, Tokenizer

MOST_RENDERS = 24


def message_ends(
    whole: str, said: Sequence[tuple[str, str]], render: Callable[[int], str | None]
) -> list[int]:
    """For each (role, text): how much of `whole` is written when it has been said.

    What a template writes around a role's text is learnt from `render(n)`, the rendering of the
    first n messages, and then recognised. Where a message's end cannot be told so (the template
    changes the past, or folds one message into another), the end of its text counts.
    """
    around: dict[str, list[tuple[str, str]]] = {}
    ends: list[int] = []
    renders = 0
    for index, (role, text) in enumerate(said):
        begin = ends[-1] if ends else 0
        end = _recognised(whole, begin, text, around.get(role, ()))
        if end is None and renders < MOST_RENDERS:
            renders += 1
            prefix = render(index + 1)
            if prefix is not None and len(prefix) >= begin and whole.startswith(prefix):
                end = len(prefix)
                head, found, tail = whole[begin:end].partition(text.strip() or "\0")
                if found and (head, tail) not in around.setdefault(role, []):
                    around[role].append((head, tail))
        ends.append(_end_of_text(whole, begin, text) if end is None else end)
    return ends


def _recognised(
    whole: str, begin: int, text: str, around: Collection[tuple[str, str]]
) -> int | None:
    for head, tail in around:
        for written in (text.strip(), text):
            if whole.startswith(f"{head}{written}{tail}", begin):
                return begin + len(head) + len(written) + len(tail)
    return None


def _end_of_text(whole: str, begin: int, text: str) -> int:
    at = whole.find(text.strip(), begin)
    return begin if at < 0 else at + len(text.strip())


class PrefixCounter:
    """Counts prompts of which each continues the one before.

    Only what follows the last control token they share is read again: a tokenizer never joins
    text across one, so the sum is exact.
    """

    def __init__(self, vocab: Tokenizer, special: Collection[str]) -> None:
        self._vocab = vocab
        self._disguise = Disguise(special)
        self._known = ""
        self._tokens = 0

    def count(self, prompt: Prompt) -> int:
        if not prompt.text.startswith(self._known):
            self._known, self._tokens = "", 0
        rest = prompt.after(len(self._known))
        settled = self._disguise.last_control(rest)
        self._tokens += self._read(rest.before(settled))
        self._known += rest.text[:settled]
        return self._tokens + self._read(rest.after(settled))

    def _read(self, prompt: Prompt) -> int:
        if not self._known:
            return len(prompt.tokens(self._vocab)) if prompt.segments else 0
        return sum(len(self._vocab.tokenize(t, special=s)) for t, s in prompt.segments)
