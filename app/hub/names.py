"""Friendly names from file names: "gemma-3-4b-it-Q4_K_M.gguf" is "gemma 3 4b it" in Q4_K_M.

Pure functions on any thread. Always true: a title is never empty, and what was stripped from it
is in the other fields.
"""

import re

import msgspec

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})$")
_QUANT = re.compile(
    r"(?:^|[-._ ])(?:(?:ud|i1|imat|imatrix)[-_.])?"
    r"((?:iq[1-4]|q[1-8]|tq[12])(?:_(?:\d|k|nl|xxs|xs|s|m|l|xl))*|b?f16|fp16|f32|fp32|bf16|fp8"
    r"|mxfp4(?:_moe)?|nvfp4)(?:[-_.](?:imat|imatrix|gguf|unsloth))*$",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[-._ ](?:gguf|ggml|imat|imatrix|i1|ud|quantized|unquantized)$", re.IGNORECASE)
_PROJECTOR = re.compile(r"(?:^|[-._])mm-?proj(?:ector)?(?:[-._]|$)", re.IGNORECASE)
# Quantizers write the original owner before the name: "google_gemma-3-4b-it".
_OWNER = re.compile(
    r"^(?:google|qwen|microsoft|mistralai|meta-llama|nvidia|deepseek-ai|openai|ibm-granite|allenai"
    r"|tiiuae|cohereforai|coherelabs|huggingfacetb|lgai-exaone|thudm|zai-org|moonshotai|baidu"
    r"|tencent|inclusionai|nousresearch|arcee-ai|liquidai|open-thoughts|thedrummer|soob3123"
    r"|bytedance-seed|internlm|upstage|ai21labs|stabilityai|servicenow-ai|swiss-ai|kakaocorp"
    r"|agentica-org|all-hands|prime-intellect|poolside|mistral|rekaai|mlabonne|xiaomimimo)_",
    re.IGNORECASE,
)

# What is taken when nothing was said: the best known trade of size for quality first.
_PREFERRED = ("Q4_K_M", "Q4_K_S", "Q4_K_XL", "Q4_0", "IQ4_XS", "MXFP4", "Q5_K_M", "Q8_0", "F16")


GUIDE = "Built-in guide"  # the chat model that comes with the app, whatever its file is called


class ModelName(msgspec.Struct, frozen=True):
    title: str
    quantization: str = ""
    shard: int = 1  # counted from one
    shards: int = 1
    projector: bool = False


def read_name(file_name: str) -> ModelName:
    stem = re.sub(r"\.gguf$", "", file_name.strip(), flags=re.IGNORECASE)
    shard, shards = 1, 1
    if match := _SHARD.search(stem):
        shard, shards = int(match[1]), max(1, int(match[2]))
        stem = stem[: match.start()]
    projector = bool(_PROJECTOR.search(stem))
    stem = _PROJECTOR.sub("-", stem, count=1).strip("-._ ") if projector else stem
    stem, quantization = _strip_quantization(stem)
    stem = _OWNER.sub("", stem)
    return ModelName(_spaced(stem) or "model", quantization, shard, shards, projector)


def preference(quantization: str) -> int:
    """The lower the better, where a user named no quantization."""
    known = quantization in _PREFERRED
    return _PREFERRED.index(quantization) if known else len(_PREFERRED)


def _strip_quantization(stem: str) -> tuple[str, str]:
    quantization = ""
    while True:
        if match := _QUANT.search(stem):
            quantization = quantization or _canonical(match[1])
        else:
            match = _TAIL.search(stem)
        if match is None:
            return stem, quantization
        stem = stem[: match.start()]


def _canonical(quantization: str) -> str:
    upper = quantization.upper()
    return {"FP16": "F16", "FP32": "F32", "MXFP4_MOE": "MXFP4"}.get(upper, upper)


def _spaced(stem: str) -> str:
    stem = re.sub(r"(?<=\d)_(?=\d)", ".", stem)
    # A dot between digits is a version; any other separates words, as "-" and "_" do.
    stem = re.sub(r"[-_+]+|\.(?!\d)|(?<!\d)\.", " ", stem)
    return " ".join(stem.split())
