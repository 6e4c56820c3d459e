"""One reply being written: the next token from the logits, and what it adds for the reader.

Owned by the decode thread, one object per request, closed once.
"""

from collections.abc import Sequence

from app.core.ids import RequestId
from app.core.messages import ToolCall
from app.core.protocol import Delta, TokenLogprob
from app.engine.llama.sampling import Logits
from app.engine.llama.vocab import Vocab
from app.engine.parse import OutputParser, Parsed
from app.engine.sampler import Sampler


class Reply:
    def __init__(
        self, vocab: Vocab, sampler: Sampler, parser: OutputParser, *, ignore_eos: bool = False
    ) -> None:
        self._vocab = vocab
        self._sampler = sampler
        self._parser = parser
        self._ends = frozenset[int]() if ignore_eos else vocab.end_tokens
        self._logprob: TokenLogprob | None = None
        self.ended = False
        self.calls: tuple[ToolCall, ...] = ()

    def begin(self, prompt: Sequence[int]) -> None:
        self._sampler.remember(prompt)

    def pick(self, logits: Logits) -> int:
        token, self._logprob = self._sampler.pick(logits)
        return token

    def feed(self, request_id: RequestId, token: int) -> Delta:
        """The reader's share of a picked token; sets `ended` when the reply is complete."""
        ending = token in self._ends or self._sampler.exhausted
        parsed = Parsed() if ending else self._parser.feed(self._vocab.visible(token))
        self.ended = ending or parsed.stopped
        logprobs = (self._logprob,) if self._logprob else ()
        return self._delta(request_id, parsed, 1, logprobs)

    def finish(self, request_id: RequestId) -> Delta:
        """Whatever was still held back: half a character, half a stop string, half a call."""
        return self._delta(request_id, self._parser.finish(), 0, ())

    def close(self) -> None:
        self._sampler.close()

    def _delta(
        self,
        request_id: RequestId,
        parsed: Parsed,
        tokens: int,
        logprobs: tuple[TokenLogprob, ...],
    ) -> Delta:
        self.calls += parsed.calls
        return Delta(
            request_id=request_id,
            text=parsed.text,
            reasoning=parsed.reasoning,
            tokens=tokens,
            logprobs=logprobs,
        )
