"""Which template is used, what is remembered about it, and how prompts are counted."""

from pathlib import Path

import msgspec
import pytest

from app.core.messages import Message
from app.engine import template_probe
from app.engine.template import ChatTemplate, Ends, choose_template
from app.engine.template_probe import Answer, Source, probe
from app.engine.traits import Traits
from tests.engine import chat_templates as ct

ENDS = Ends("<s>", "</s>")
ASK = [Message(role="user", content="Q")]


class Words:
    """A tokenizer of words; control texts are one token."""

    add_bos = False
    bos = -1

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        return [1] * len(text.replace("<|", " <|").replace("|>", "|> ").split())


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> list[Source]:
    """Probes in this process; the list says how often."""
    asked: list[Source] = []

    def here(source: Source) -> Answer:
        asked.append(source)
        try:
            return Answer(traits=probe(source))
        except template_probe.TemplateFailed as failed:
            return Answer(reason=str(failed))

    monkeypatch.setattr(template_probe, "traits_of", here)
    return asked


def test_the_models_own_template_through_the_probe_process() -> None:
    chat = choose_template(ct.CHATML, ENDS, ())
    assert chat.report.source == "model"
    assert chat.prompt(ASK).text.startswith("<|im_start|>user\nQ")


@pytest.mark.parametrize("source", [None, "", "  \n"])
def test_a_missing_template(source: str | None) -> None:
    chat = choose_template(source, ENDS, ())
    assert chat.report.source == "fallback"
    assert chat.report.reason == "The model brings no chat template."
    assert chat.prompt(ASK).text == "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n"


def test_a_broken_template_is_replaced_with_the_reason(probed: list[Source]) -> None:
    chat = choose_template("{% for %}", ENDS, ())
    assert chat.report.source == "fallback"
    assert "cannot be used: the chat template has an error" in chat.report.reason


def test_the_built_in_template_stops_at_its_end_text_when_there_is_no_such_token() -> None:
    assert choose_template(None, ENDS, ()).prompt(ASK).stops == ("<|im_end|>",)
    assert choose_template(None, ENDS, ("<|im_end|>",)).prompt(ASK).stops == ()


def test_a_template_is_tried_once_and_remembered(probed: list[Source], tmp_path: Path) -> None:
    first = choose_template(ct.STRICT, ENDS, (), tmp_path)
    again = choose_template(ct.STRICT, ENDS, (), tmp_path)
    assert len(probed) == 1
    assert again.traits == first.traits
    choose_template(ct.STRICT, Ends("<bos>", "</s>"), (), tmp_path)
    choose_template(ct.CHATML, ENDS, (), tmp_path)
    assert len(probed) == 3


@pytest.mark.parametrize("damage", [b"", b"{", b'{"traits": 5}', b"\xff"])
def test_a_damaged_memory_is_made_again(
    probed: list[Source], tmp_path: Path, damage: bytes
) -> None:
    choose_template(ct.STRICT, ENDS, (), tmp_path)
    (file,) = (tmp_path / "templates").iterdir()
    file.write_bytes(damage)
    assert choose_template(ct.STRICT, ENDS, (), tmp_path).report.source == "model"
    assert len(probed) == 2
    assert msgspec.json.decode(file.read_bytes(), type=Answer).traits is not None


def test_a_failure_is_not_remembered(probed: list[Source], tmp_path: Path) -> None:
    choose_template("Hello.", ENDS, (), tmp_path)
    choose_template("Hello.", ENDS, (), tmp_path)
    assert len(probed) == 2


def test_a_cache_folder_that_cannot_be_written_is_no_obstacle(
    probed: list[Source], tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert choose_template(ct.STRICT, ENDS, (), blocked).report.source == "model"


# ---------------------------------------------------------------- counting


SAID = [
    Message(role="system", content="be brief"),
    Message(role="user", content="one two three"),
    Message(role="assistant", content="four", reasoning="hm"),
    Message(role="user", content="five six"),
]


@pytest.mark.parametrize("source", [ct.CHATML, ct.THINKING, ct.SYSTEM_SWITCH, ct.PARTS, ct.NINE])
def test_cumulative_counts_equal_the_counts_of_each_prefix(source: str) -> None:
    chat = ChatTemplate(source, probe(Source(source, *ENDS)), ENDS, ())
    cumulative, overhead = chat.counts(SAID, Words())
    assert len(cumulative) == len(SAID)
    assert list(cumulative) == sorted(cumulative)
    whole = chat.prompt(SAID).tokens(Words())
    assert cumulative[-1] + overhead == len(whole)


def test_counts_of_a_plain_template_are_exact() -> None:
    chat = ChatTemplate(ct.CHATML, Traits(), ENDS, ())
    assert chat.counts(SAID, Words()) == ((5, 11, 15, 20), 2)


def test_a_conversation_the_template_refuses_is_counted_by_its_texts() -> None:
    refusing = "{{ raise_exception('no') if messages | length < 2 }}" + ct.CHATML
    chat = ChatTemplate(refusing, Traits(), ENDS, ())
    assert chat.counts(SAID[:1], Words()) == ((2,), 0)
    (_, *rest), overhead = chat.counts(SAID, Words())
    assert (rest, overhead) == ([11, 15, 20], 2)


def test_a_conversation_of_hundreds_of_messages_is_rendered_a_few_times_only() -> None:
    chat = ChatTemplate(ct.THINKING, Traits(), ENDS, ())
    said = [
        Message(role="user" if i % 2 == 0 else "assistant", content=f"word {i}", reasoning="hm" * i)
        for i in range(400)
    ]
    renders = 0
    render = chat._render

    def counting(*args: object, **kwargs: object) -> object:
        nonlocal renders
        renders += 1
        return render(*args, **kwargs)  # type: ignore[arg-type]

    chat._render = counting  # type: ignore[method-assign, assignment]
    cumulative, overhead = chat.counts(said, Words())
    assert renders <= 30
    assert list(cumulative) == sorted(set(cumulative))
    assert cumulative[-1] + overhead == len(chat.prompt(said).tokens(Words()))


def test_counting_nothing() -> None:
    chat = ChatTemplate(ct.CHATML, Traits(), ENDS, ())
    assert chat.counts([], Words()) == ((), 2)
