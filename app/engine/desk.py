"""The io thread's work: what people wrote becomes tokens, and questions about text get answers.

Used on the io thread only, while the decode thread computes.
"""

from app.core.errors import InvalidRequest
from app.core.messages import Message
from app.core.protocol import (
    Count,
    Counted,
    Detokenize,
    Detokenized,
    Generate,
    Render,
    Rendered,
    Tokenize,
    Tokenized,
)
from app.engine.engine import Engine
from app.engine.jobs import Job
from app.engine.parse import OutputParser
from app.engine.reply import Reply
from app.engine.sampler import Sampler


class Desk:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._vocab = engine.vocab

    def job(self, request: Generate) -> Job:
        tokens = self._prompt(request)
        if not tokens:
            raise InvalidRequest("The request is empty: there is nothing to answer.")
        unlimited = self._engine.scheduler.limits.chat_ctx
        return Job(
            request=request,
            tokens=tokens,
            prompt_tokens=len(tokens),
            max_tokens=unlimited if request.max_tokens is None else max(0, request.max_tokens),
            reply=self._reply(request),
            adapters=self._scales(request),
        )

    def _prompt(self, request: Generate) -> list[int]:
        if request.tokens:
            if not all(0 <= token < self._vocab.size for token in request.tokens):
                raise InvalidRequest("The request names a token that this model does not have.")
            return list(request.tokens)
        if request.prompt:
            begin = [self._vocab.bos] if self._vocab.add_bos else []
            return begin + self._vocab.tokenize(request.prompt, special=True)
        return self._vocab.tokenize(self._render(request), special=True)

    def _render(self, request: Generate | Count | Render) -> str:
        return "".join(map(_turn, request.messages)) + "<|im_start|>assistant\n"

    def _reply(self, request: Generate) -> Reply:
        engine = self._engine
        sampler = Sampler(
            engine.vocab,
            request.sampling,
            engine.candidates,
            trained_ctx=engine.model.trained_ctx,
            ignore_eos=request.ignore_eos,
            logprobs=request.logprobs,
        )
        parser = OutputParser(tools=[tool.name for tool in request.tools], stop=request.stop)
        return Reply(engine.vocab, sampler, parser, ignore_eos=request.ignore_eos)

    def _scales(self, request: Generate) -> tuple[float, ...]:
        loaded = self._engine.default_adapters
        if not request.adapters:
            return loaded
        if len(request.adapters) != len(loaded):
            raise InvalidRequest(
                f"The request gives {len(request.adapters)} adapter scales, "
                f"but {len(loaded)} adapters are loaded."
            )
        return request.adapters

    # ------------------------------------------------------------ questions

    def tokenize(self, request: Tokenize) -> Tokenized:
        tokens = self._vocab.tokenize(request.text, special=request.special)
        return Tokenized(request_id=request.request_id, tokens=tuple(tokens))

    def detokenize(self, request: Detokenize) -> Detokenized:
        text = self._vocab.detokenize(request.tokens)
        return Detokenized(request_id=request.request_id, text=text)

    def render(self, request: Render) -> Rendered:
        return Rendered(request_id=request.request_id, prompt=self._render(request))

    def count(self, request: Count) -> Counted:
        total = len(self._vocab.tokenize(self._render(request), special=True))
        each: tuple[int, ...] = ()
        if request.each:
            each = tuple(
                len(self._vocab.tokenize(_turn(message), special=True))
                for message in request.messages
            )
        return Counted(request_id=request.request_id, total=total, each=each)


def _turn(message: Message) -> str:
    return f"<|im_start|>{message.role}\n{message.text}<|im_end|>\n"
