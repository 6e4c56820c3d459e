"""The io thread's work: what people wrote becomes tokens, and questions about text get answers.

Used on the io thread only, while the decode thread computes.
"""

from itertools import pairwise
from math import isfinite

from app.core.errors import ContextLimitExceeded, InvalidRequest
from app.core.frames import MAX_FRAME_BYTES
from app.core.protocol import (
    Count,
    Counted,
    Detokenize,
    Detokenized,
    Embed,
    Generate,
    Render,
    Rendered,
    Tokenize,
    Tokenized,
)
from app.engine.embed import EmbedJob, embed_job, pass_limit
from app.engine.engine import Engine
from app.engine.jobs import Job
from app.engine.prepare import prepare
from app.engine.reply import Reply
from app.engine.sampler import Sampler

_WIDE = 64  # characters a token hardly ever has


class Desk:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._vocab = engine.vocab
        self._template = engine.template

    def job(self, request: Generate) -> Job:
        engine = self._engine
        if engine.only_embeds:
            raise InvalidRequest("This model only embeds texts. Choose another one to chat.")
        self._refuse_endless(request)
        ready = prepare(request, self._template, engine.transcripts.tokens_of, self._vocab)
        sampler = Sampler(
            self._vocab,
            request.sampling,
            engine.candidates,
            trained_ctx=engine.model.trained_ctx,
            grammar=ready.grammar,
            ignore_eos=request.ignore_eos,
            logprobs=request.logprobs,
        )
        unlimited = engine.scheduler.limits.chat_ctx
        tokens = ready.tokens
        if request.max_tokens == 0 and engine.model.recurrent:
            # Whatever comes next decodes a token before it samples, and this state cannot go back.
            tokens = tokens[:-1] or tokens
        return Job(
            request=request,
            tokens=tokens,
            prompt_tokens=len(tokens),
            max_tokens=unlimited if request.max_tokens is None else max(0, request.max_tokens),
            reply=Reply(self._vocab, sampler, ready.parser, ignore_eos=request.ignore_eos),
            adapters=self._scales(request),
            notes=ready.prompt.notes,
        )

    def _refuse_endless(self, request: Generate) -> None:
        """What is too long by far is not read to its end: others wait for this thread to stop."""
        said = (message.text for message in request.messages if message.role != "assistant")
        characters = len(request.prompt) + sum(map(len, said))
        maximum = self._engine.scheduler.limits.chat_ctx
        if characters > 2 * maximum * _WIDE and characters > 2 * maximum * self._vocab.longest:
            raise ContextLimitExceeded(
                f"This is far too long: the model's context holds {maximum:,} tokens. Shorten it.",
                maximum=maximum,
                required=characters // self._vocab.longest,
            )

    def embed_job(self, request: Embed) -> EmbedJob:
        model = self._engine.model
        if len(request.texts) * 4 * model.embedding_length > MAX_FRAME_BYTES // 2:
            raise InvalidRequest("These are too many texts to embed at once. Send fewer.")
        return embed_job(request, self._vocab, pass_limit(model.trained_ctx))

    def _scales(self, request: Generate) -> tuple[float, ...]:
        loaded = self._engine.default_adapters
        if not request.adapters:
            return loaded
        if len(request.adapters) != len(loaded):
            raise InvalidRequest(
                f"The request gives {len(request.adapters)} adapter scales, "
                f"but {len(loaded)} adapters are loaded."
            )
        if not all(map(isfinite, request.adapters)):
            raise InvalidRequest("The scale of an adapter must be a finite number.")
        return request.adapters

    # ------------------------------------------------------------ questions

    def tokenize(self, request: Tokenize) -> Tokenized:
        tokens = self._vocab.tokenize(request.text, special=request.special)
        return Tokenized(request_id=request.request_id, tokens=tuple(tokens))

    def detokenize(self, request: Detokenize) -> Detokenized:
        text = self._vocab.detokenize(request.tokens)
        return Detokenized(request_id=request.request_id, text=text)

    def render(self, request: Render) -> Rendered:
        prompt = self._template.prompt(request.messages, request.tools, reasoning=request.reasoning)
        return Rendered(request_id=request.request_id, prompt=prompt.text)

    def count(self, request: Count) -> Counted:
        prompt = self._template.prompt(request.messages, request.tools, reasoning=request.reasoning)
        each: tuple[int, ...] = ()
        if request.each:
            cumulative, _ = self._template.counts(
                request.messages, self._vocab, request.tools, reasoning=request.reasoning
            )
            each = tuple(after - before for before, after in pairwise((0, *cumulative)))
        total = len(prompt.tokens(self._vocab))
        return Counted(request_id=request.request_id, total=total, each=each)
