"""The wire between the app and an engine process: commands down, events up, all frozen structs.

Every command that asks for something carries a request id and is answered by exactly one
terminal event with that id (see `is_terminal`); `Delta` and `Progress` may come before it.
Requests are stateless: each carries its whole conversation, `session` is only a hint.
One frame down is one command; one frame up is the list of events of one engine step.
"""

from typing import Literal

import msgspec

from app.core.errors import ErrorInfo
from app.core.ids import RequestId, SessionId, WorkerId
from app.core.messages import Message, Tool, ToolCall
from app.core.sampling import Sampling

PROTOCOL_VERSION = 1

Priority = Literal["interactive", "background"]
FinishReason = Literal["stop", "length", "tool_calls", "cancelled"]
ReuseSource = Literal["none", "own", "fork", "ram", "disk"]
KvType = Literal["f16", "q8_0", "q4_0"]
FlashAttention = Literal["auto", "on", "off"]
Memory = Literal["auto", "copy", "map", "lock"]

# A model is named by its file path or by the role it plays in the app.
CHAT, SUMMARIZER, EMBEDDER = "chat", "summarizer", "embedder"


class _Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


# ---------------------------------------------------------------- values


class Adapter(_Wire, frozen=True):
    path: str
    scale: float = 1.0


class Device(_Wire, frozen=True):
    """One place a model can live, as the library sees it now."""

    name: str
    description: str
    kind: Literal["cpu", "gpu", "accelerator"]
    total_bytes: int
    free_bytes: int


class ModelSpec(_Wire, frozen=True):
    """How to load a model: what `Load` carries and what the pool reserves memory for."""

    path: str
    chat_ctx: int = 8192
    parallel: int = 1
    devices: tuple[str, ...] = ()  # empty: the machine's own order
    gpu_layers: int | None = None  # None: as many as fit
    type_k: KvType = "f16"
    type_v: KvType = "f16"
    flash_attention: FlashAttention = "auto"
    memory: Memory = "auto"
    threads: int = 0  # 0: all cores the pool hands out
    adapters: tuple[Adapter, ...] = ()
    embedding: bool = False
    cache_ram_bytes: int = 0
    cache_disk_bytes: int = 0
    cache_dir: str = ""


class TemplateReport(_Wire, frozen=True):
    """What a test render of the chat template showed."""

    source: Literal["model", "fallback"] = "model"
    reason: str = ""  # why the fallback is used
    system_role: bool = True
    strict_alternation: bool = False
    tools: bool = False
    keeps_reasoning: bool = False
    stable_prefix: bool = True
    reasoning_switch: bool = False
    reasoning_off_keeps_prefix: bool = True


class ModelInfo(_Wire, frozen=True):
    path: str
    name: str
    architecture: str
    parameters: int
    file_bytes: int
    layers: int
    gpu_layers: int
    trained_ctx: int
    chat_ctx: int
    cells: int
    parallel: int
    vocabulary: int
    embedding_length: int
    embedding: bool = False
    vision: bool = False  # it can be sent images
    recurrent: bool = False
    sliding_window: int = 0
    template: TemplateReport = TemplateReport()
    special_tokens: dict[str, str] = {}
    recommended: Sampling = Sampling()
    weights_bytes: int = 0
    kv_bytes: int = 0
    compute_bytes: int = 0
    grown_bytes: int = 0  # what the load then took, measured: memory and GPUs together
    steps: tuple[str, ...] = ()  # what the load ladder changed, in order


class Stats(_Wire, frozen=True):
    """The account of one finished request."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    reuse: ReuseSource = "none"
    completion_tokens: int = 0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    first_token_ms: float = 0.0
    decode_ms: float = 0.0
    notes: tuple[str, ...] = ()  # what had to be changed in the messages to suit the template


class TokenLogprob(_Wire, frozen=True):
    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class WorkerStats(_Wire, frozen=True):
    cells: int = 0
    cells_used: int = 0
    sequences: int = 0
    running: int = 0
    queued: int = 0
    snapshots_ram_bytes: int = 0
    snapshots_disk_bytes: int = 0
    tokens_prefilled: int = 0
    tokens_decoded: int = 0
    rss_bytes: int = 0


# ---------------------------------------------------------------- commands (app → engine)


class Load(_Wire, frozen=True, tag="load"):
    request_id: RequestId
    spec: ModelSpec


class Generate(_Wire, frozen=True, tag="generate"):
    """Exactly one of messages, prompt and tokens. `max_tokens=0` only primes the cache."""

    request_id: RequestId
    session: SessionId = SessionId("")
    model: str = CHAT
    worker: WorkerId = WorkerId("")
    messages: tuple[Message, ...] = ()
    prompt: str = ""
    tokens: tuple[int, ...] = ()
    continue_last: bool = False  # go on inside the last assistant message
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"  # auto | none | required | a tool's name
    response_schema: str = ""  # JSON schema text; empty: free text; "{}": any JSON
    reasoning: bool | None = None  # None: as the template does by default
    spare_prefix: bool = False  # that only where it leaves all before the reply as it was
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    logprobs: int | None = None
    adapters: tuple[float, ...] = ()  # scale of each loaded adapter; empty: as loaded
    priority: Priority = "interactive"
    deadline_ms: int = 0
    persist: bool = True  # False: nothing of this request may reach the disk


class Cancel(_Wire, frozen=True, tag="cancel"):
    request_id: RequestId


class Embed(_Wire, frozen=True, tag="embed"):
    request_id: RequestId
    texts: tuple[str, ...]
    model: str = EMBEDDER
    worker: WorkerId = WorkerId("")
    priority: Priority = "interactive"


class Tokenize(_Wire, frozen=True, tag="tokenize"):
    request_id: RequestId
    text: str
    special: bool = False  # whether text such as <|im_end|> becomes its control token
    model: str = CHAT


class Detokenize(_Wire, frozen=True, tag="detokenize"):
    request_id: RequestId
    tokens: tuple[int, ...]
    model: str = CHAT


class Count(_Wire, frozen=True, tag="count"):
    """Tokens of the rendered conversation: exact, through the template."""

    request_id: RequestId
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    reasoning: bool | None = None
    each: bool = False  # also the tokens of every message by itself; costs more
    model: str = CHAT


class Render(_Wire, frozen=True, tag="render"):
    request_id: RequestId
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    reasoning: bool | None = None
    model: str = CHAT


class Purge(_Wire, frozen=True, tag="purge"):
    """Forget a session everywhere: live cells, RAM and disk snapshots."""

    session: SessionId


class TrimCache(_Wire, frozen=True, tag="trim_cache"):
    """Memory is low: shrink the RAM snapshots to this many bytes."""

    ram_bytes: int


class GetStats(_Wire, frozen=True, tag="get_stats"):
    request_id: RequestId


class Shutdown(_Wire, frozen=True, tag="shutdown"):
    pass


Request = Load | Generate | Embed | Tokenize | Detokenize | Count | Render | GetStats
Command = Request | Cancel | Purge | TrimCache | Shutdown


# ---------------------------------------------------------------- events (engine → app)


class Hello(_Wire, frozen=True, tag="hello"):
    """The first event of a process; nothing may be sent before it came."""

    protocol: int
    pid: int
    versions: dict[str, str]
    devices: tuple[Device, ...]


class LoadProgress(_Wire, frozen=True, tag="load_progress"):
    request_id: RequestId
    fraction: float
    step: str = ""  # a ladder step that was just taken, in words


class Loaded(_Wire, frozen=True, tag="loaded"):
    request_id: RequestId
    info: ModelInfo


class Progress(_Wire, frozen=True, tag="progress"):
    """Prefill so far; sent only when a prompt takes more than one step."""

    request_id: RequestId
    done: int
    total: int
    reused: int


class Delta(_Wire, frozen=True, tag="delta"):
    """What one step added to one reply."""

    request_id: RequestId
    text: str = ""
    reasoning: str = ""
    tokens: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()


class Finished(_Wire, frozen=True, tag="finished"):
    request_id: RequestId
    reason: FinishReason
    stats: Stats
    tool_calls: tuple[ToolCall, ...] = ()


class Embedded(_Wire, frozen=True, tag="embedded"):
    request_id: RequestId
    vectors: tuple[bytes, ...]  # little-endian float32, normalised
    tokens: int = 0


class Tokenized(_Wire, frozen=True, tag="tokenized"):
    request_id: RequestId
    tokens: tuple[int, ...]


class Detokenized(_Wire, frozen=True, tag="detokenized"):
    request_id: RequestId
    text: str


class Counted(_Wire, frozen=True, tag="counted"):
    request_id: RequestId
    total: int  # the whole prompt, the opening of the reply included
    each: tuple[int, ...] = ()  # each message's share of it, template text included


class Rendered(_Wire, frozen=True, tag="rendered"):
    request_id: RequestId
    prompt: str


class StatsReport(_Wire, frozen=True, tag="stats_report"):
    request_id: RequestId
    stats: WorkerStats


class Failed(_Wire, frozen=True, tag="failed"):
    request_id: RequestId
    error: ErrorInfo


class Heartbeat(_Wire, frozen=True, tag="heartbeat"):
    stats: WorkerStats


Answer = Loaded | Finished | Embedded | Tokenized | Detokenized | Counted | Rendered | StatsReport
RequestEvent = LoadProgress | Progress | Delta | Answer | Failed
Event = Hello | Heartbeat | RequestEvent

_UNFINISHED = (LoadProgress, Progress, Delta)


def is_terminal(event: RequestEvent) -> bool:
    return not isinstance(event, _UNFINISHED)
