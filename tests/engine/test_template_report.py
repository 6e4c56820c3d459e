"""What the test renders find out about a template."""

import pytest

from app.core.protocol import TemplateReport
from app.engine.sandbox import TemplateFailed
from app.engine.template_probe import Source, probe
from app.engine.traits import Traits
from tests.engine import chat_templates as ct


def traits(template: str) -> Traits:
    return probe(Source(template, "<s>", "</s>"))


def test_a_plain_template() -> None:
    assert traits(ct.CHATML).report == TemplateReport()


def test_tools_and_a_switch_for_thinking() -> None:
    found = traits(ct.THINKING)
    assert found.report == TemplateReport(tools=True, reasoning_switch=True)
    assert not found.arguments_as_text
    assert not found.several_systems or found.report.system_role


def test_a_prompt_that_opens_the_thinking_and_wants_arguments_as_text() -> None:
    found = traits(ct.OPENS_THINKING)
    assert found.arguments_as_text
    assert found.report.tools
    assert not found.report.stable_prefix  # the opened tag is gone from the past


def test_no_system_role_and_strict_turns() -> None:
    report = traits(ct.STRICT).report
    assert not report.system_role
    assert report.strict_alternation
    assert not report.tools
    assert report.stable_prefix


def test_call_ids_of_nine_characters() -> None:
    found = traits(ct.NINE)
    assert found.short_ids
    assert found.report.tools
    assert found.report.strict_alternation
    assert found.report.system_role


def test_content_as_parts() -> None:
    found = traits(ct.PARTS)
    assert found.list_content
    assert found.report.system_role


def test_a_switch_that_changes_the_system_block() -> None:
    report = traits(ct.SYSTEM_SWITCH).report
    assert report.reasoning_switch
    assert not report.reasoning_off_keeps_prefix
    assert report.keeps_reasoning


def test_a_switch_that_takes_earlier_thoughts_away() -> None:
    report = traits(ct.FORGETS).report
    assert report.keeps_reasoning
    assert not report.reasoning_off_keeps_prefix


@pytest.mark.parametrize(
    "template", ["Hello.", "{{ raise_exception('never') }}", "{{ messages.x.y }}"]
)
def test_a_template_that_drops_what_is_said_is_refused(template: str) -> None:
    with pytest.raises(TemplateFailed):
        traits(template)
