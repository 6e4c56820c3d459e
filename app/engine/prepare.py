"""One request made ready for decoding: its tokens, and what its reply is read and bound by.

On the io thread. Always true: a request names exactly one of messages, prompt and tokens; a
reply that must follow a grammar begins with the answer, not inside a thinking block.
"""

from collections.abc import Callable
from typing import NamedTuple

from app.core.errors import InvalidRequest
from app.core.protocol import Generate
from app.engine.grammar import call_grammar, schema_grammar
from app.engine.llama.vocab import Vocab
from app.engine.parse import OutputParser
from app.engine.prompt import Prompt, Segment
from app.engine.template import ChatTemplate

MOST_STOPS = 100  # each is looked for at every token


class Prepared(NamedTuple):
    tokens: list[int]
    prompt: Prompt  # without segments when the request named its tokens
    grammar: str  # empty: free text
    parser: OutputParser


def prepare(
    request: Generate,
    template: ChatTemplate,
    tokens_of: Callable[[Prompt], list[int]],
    vocab: Vocab,
) -> Prepared:
    """`tokens_of` knows how texts that were already said were tokenized."""
    if len(request.stop) > MOST_STOPS:
        raise InvalidRequest(f"A request may name at most {MOST_STOPS} texts to stop at.")
    grammar = _grammar(request)
    prompt = _prompt(request, template, bound=bool(grammar))
    tokens = list(request.tokens) or tokens_of(prompt)
    if not tokens:
        raise InvalidRequest("The request is empty: there is nothing to answer.")
    if not all(0 <= token < vocab.size for token in tokens):
        raise InvalidRequest("The request names a token that this model does not have.")
    tools = () if request.tool_choice == "none" else [tool.name for tool in request.tools]
    stop = (*request.stop, *prompt.stops)
    parser = OutputParser(tools=tools, stop=stop, opened=prompt.opened)
    return Prepared(tokens, prompt, grammar, parser)


def _grammar(request: Generate) -> str:
    if request.response_schema:
        return schema_grammar(request.response_schema)
    if request.tool_choice in ("auto", "none"):
        return ""
    return call_grammar(request.tools, request.tool_choice)


def _reasoning(request: Generate, template: ChatTemplate) -> bool | None:
    """Some templates say in the system block whether the model may think: all of it anew."""
    costly = request.spare_prefix and not template.report.reasoning_off_keeps_prefix
    return None if costly else request.reasoning


def _prompt(request: Generate, template: ChatTemplate, *, bound: bool) -> Prompt:
    given = (request.messages, request.prompt, request.tokens)
    if sum(map(bool, given)) != 1:
        raise InvalidRequest("A request needs exactly one of messages, prompt and tokens.")
    if request.tokens:
        return Prompt(())
    if request.prompt:
        return Prompt((Segment(request.prompt, True),))
    return template.prompt(
        request.messages,
        () if request.tool_choice == "none" else request.tools,
        reasoning=False if bound else _reasoning(request, template),
        continue_last=request.continue_last,
        answer_now=bound,
        reply=request.continue_last or request.max_tokens != 0,
    )
