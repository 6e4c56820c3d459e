"""The model's chat template: messages in, a prompt out.

On the io thread only. Always true: the template was tried in a process of its own before it runs
here; when it is missing, broken or refuses a conversation, the built-in ChatML takes its place
and the reason is told; the messages are changed only as `normalise` says, with notes.
"""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from app.core.errors import InvalidRequest
from app.core.messages import Message, Tool, clean_text
from app.core.protocol import TemplateReport
from app.engine import template_probe
from app.engine.counting import PrefixCounter, message_ends
from app.engine.normalise import Shaped, message_values, tool_value
from app.engine.prompt import Disguise, Prompt, Tokenizer
from app.engine.reasoning import CHANNEL, PAIRS
from app.engine.sandbox import TemplateFailed, TemplateRefused, compile_template, run_template
from app.engine.template_probe import Answer, Source, opened_at_end, switch, wants_thinking_key
from app.engine.traits import VERSION, Traits

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content"
    " + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_CHATML_END = "<|im_end|>"
_FINAL = "<|channel|>final<|message|>"


class Ends(NamedTuple):
    """The texts of a vocabulary's first and last token, as templates want them."""

    bos: str
    eos: str


class ChatTemplate:
    """`special` are the control-token texts that messages may not contain as such."""

    def __init__(self, source: str, traits: Traits, ends: Ends, special: Collection[str]) -> None:
        self.traits = traits
        self._ends = ends
        self._special = frozenset(special)
        self._thinking_key = wants_thinking_key(source)
        self._thinks_in = next((tag for tag in PAIRS if tag in source), "<think>")
        self._sandbox, self._template = compile_template(source)
        fallback = traits.report.source == "fallback"
        self._stops = (_CHATML_END,) if fallback and _CHATML_END not in self._special else ()

    @property
    def report(self) -> TemplateReport:
        return self.traits.report

    def prompt(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool] = (),
        *,
        reasoning: bool | None = None,
        continue_last: bool = False,
        answer_now: bool = False,
        reply: bool = True,
    ) -> Prompt:
        """`continue_last` leaves the last assistant message open; `answer_now` leaves no
        thinking block open (the reply must begin with the answer, as a grammar demands);
        without `reply` the prompt ends where the next message would begin, whoever says it."""
        disguise = Disguise(self._special)
        last = messages[-1] if messages and continue_last else None
        if last is not None and last.role != "assistant":
            raise InvalidRequest("Only an assistant message can be continued, and it must be last.")
        if last is not None and last.tool_calls:
            raise InvalidRequest("A message that calls tools cannot be continued.")
        said = messages[:-1] if last is not None else messages
        text, notes = self._render(said, tools, disguise, reasoning=reasoning, reply=reply)
        opened = opened_at_end(text)
        if last is not None:
            text, opened = _continued(text, opened, self._thinks_in, disguise, last)
        elif answer_now and opened:
            text, opened = f"{text.rstrip()}\n\n{PAIRS[opened]}\n\n", ""
        return Prompt(disguise.reveal(text), opened, notes, self._stops)

    def counts(
        self,
        messages: Sequence[Message],
        vocab: Tokenizer,
        tools: Sequence[Tool] = (),
        *,
        reasoning: bool | None = None,
    ) -> tuple[tuple[int, ...], int]:
        """Tokens up to the end of each message, and of what follows before the reply.

        A conversation the template refuses as it stands (a system prompt alone, say) is counted
        by its texts.
        """
        try:
            asked = self.prompt(messages, tools, reasoning=reasoning)
        except InvalidRequest:
            texts = (vocab.tokenize(message.text, special=False) for message in messages)
            return tuple(accumulate(map(len, texts))), 0
        disguise = Disguise(self._special)

        def render(count: int) -> str | None:
            try:
                return self._render(
                    messages[:count], tools, disguise, reasoning=reasoning, reply=False
                )[0]
            except InvalidRequest:  # the template refuses a conversation that ends here
                return None

        counter = PrefixCounter(vocab, self._special)
        text = (render(len(messages)) if messages else "") or ""
        whole = Prompt(disguise.reveal(text))
        hidden = [(message.role, disguise.hide(clean_text(message.text))) for message in messages]
        ends = message_ends(text, hidden, render)
        cumulative: list[int] = []
        written = 0  # an alias is one character, what it stands for may be many
        for begin, end in pairwise([0, *ends]):
            written += len(disguise.plain(text[begin:end]))
            cumulative.append(counter.count(whole.before(written)))
        last = cumulative[-1] if cumulative else 0
        return tuple(cumulative), counter.count(asked) - last

    # ------------------------------------------------------------ inside

    def _render(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        disguise: Disguise,
        *,
        reasoning: bool | None,
        reply: bool = True,
    ) -> tuple[str, tuple[str, ...]]:
        shaped = Shaped(messages, lambda text: disguise.hide(clean_text(text)))
        shaped.fit(self.traits, tools)
        said = message_values(shaped.messages, self.traits, thinking_key=self._thinking_key)
        values: dict[str, Any] = {
            "messages": said,
            "add_generation_prompt": reply,
            "bos_token": self._ends.bos,
            "eos_token": self._ends.eos,
            **switch(reasoning),
        }
        if tools and self.report.tools:
            values["tools"] = [tool_value(tool, disguise.hide) for tool in tools]
        try:
            text = run_template(self._sandbox, self._template, values)
        except TemplateRefused as refused:
            raise InvalidRequest(
                f"The model's chat template refuses this conversation: {refused}"
            ) from refused
        except TemplateFailed as failed:
            raise InvalidRequest(
                f"This conversation does not suit the model: {failed}."
            ) from failed
        return text, tuple(shaped.notes)


def _continued(
    text: str, opened: str, thinks_in: str, disguise: Disguise, last: Message
) -> tuple[str, str]:
    """The beginning of the last reply as the model itself would have written it."""
    answer = disguise.hide(clean_text(last.text))
    thought = disguise.hide(clean_text(last.reasoning))
    tag = opened or thinks_in
    channels = tag == CHANNEL
    line = "" if channels else "\n"
    if thought:
        text += thought if opened else f"{tag}{line}{thought}"
        if not answer:
            return text, tag
    if thought or (opened and answer):
        text += f"{line}{PAIRS[tag]}" + (f"<|start|>assistant{_FINAL}" if channels else "\n\n")
        opened = ""
    elif answer and channels:
        text += _FINAL
    return text + answer, opened


# ---------------------------------------------------------------- choosing


def choose_template(
    source: str | None, ends: Ends, special: Collection[str], cache_dir: Path | None = None
) -> ChatTemplate:
    """The model's own template if it can be used, else the built-in one with the reason."""
    if not source or not source.strip():
        return _fallback("The model brings no chat template.", ends, special)
    source = clean_text(source)
    answer = _known(Source(source, ends.bos, ends.eos), cache_dir)
    if answer.traits is None:
        return _fallback(
            f"The model's chat template cannot be used: {answer.reason}.", ends, special
        )
    try:
        return ChatTemplate(source, answer.traits, ends, special)
    except TemplateFailed as failed:
        return _fallback(f"The model's chat template cannot be used: {failed}.", ends, special)


def _fallback(reason: str, ends: Ends, special: Collection[str]) -> ChatTemplate:
    traits = Traits(report=TemplateReport(source="fallback", reason=reason))
    return ChatTemplate(CHATML, traits, ends, special)


def _known(source: Source, cache_dir: Path | None) -> Answer:
    """The result of the test renders, from the cache when this very template was tried before."""
    if cache_dir is None:
        return template_probe.traits_of(source)
    name = sha256(msgspec.json.encode([VERSION, source])).hexdigest()[:32]
    file = cache_dir / "templates" / f"{name}.json"
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(file.read_bytes(), type=Answer)
    answer = template_probe.traits_of(source)
    if answer.traits is not None:  # a failure may have been the machine's: try again next time
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(msgspec.json.encode(answer))
            part.replace(file)
    return answer
