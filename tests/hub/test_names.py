"""Friendly names of real-world file names."""

import pytest

from app.hub.names import ModelName, read_name

TABLE = """
gemma-3-4b-it-Q4_K_M.gguf | gemma 3 4b it | Q4_K_M
google_gemma-3-4b-it-Q4_K_M.gguf | gemma 3 4b it | Q4_K_M
gemma-3-4b-it-q4_0.gguf | gemma 3 4b it | Q4_0
gemma-3-27b-it-qat-q4_0.gguf | gemma 3 27b it qat | Q4_0
gemma-3n-E4B-it-UD-Q4_K_XL.gguf | gemma 3n E4B it | Q4_K_XL
gemma-2-9b-it-IQ4_XS.gguf | gemma 2 9b it | IQ4_XS
gemma-2-2b-it-abliterated-Q6_K_L.gguf | gemma 2 2b it abliterated | Q6_K_L
gemma-1.1-2b-it.Q8_0.gguf | gemma 1.1 2b it | Q8_0
codegemma-7b-it-Q5_K_S.gguf | codegemma 7b it | Q5_K_S
embeddinggemma-300M-Q8_0.gguf | embeddinggemma 300M | Q8_0
Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf | Meta Llama 3.1 8B Instruct | Q4_K_M
Llama-3.2-1B-Instruct-Q8_0.gguf | Llama 3.2 1B Instruct | Q8_0
Llama-3.2-3B-Instruct-f16.gguf | Llama 3.2 3B Instruct | F16
Llama-3.3-70B-Instruct-IQ2_XXS.gguf | Llama 3.3 70B Instruct | IQ2_XXS
llama-2-7b-chat.Q4_K_M.gguf | llama 2 7b chat | Q4_K_M
llama-2-13b.Q2_K.gguf | llama 2 13b | Q2_K
codellama-34b-instruct.Q5_K_M.gguf | codellama 34b instruct | Q5_K_M
tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf | tinyllama 1.1b chat v1.0 | Q4_K_M
TinyLlama-1.1B-Chat-v1.0.i1-IQ3_M.gguf | TinyLlama 1.1B Chat v1.0 | IQ3_M
nvidia_Llama-3_3-Nemotron-Super-49B-v1_5-Q3_K_XL.gguf | Llama 3.3 Nemotron Super 49B v1.5 | Q3_K_XL
Llama-4-Scout-17B-16E-Instruct-UD-IQ1_S.gguf | Llama 4 Scout 17B 16E Instruct | IQ1_S
Qwen_Qwen3-8B-Q4_K_M.gguf | Qwen3 8B | Q4_K_M
Qwen3-0.6B-Q8_0.gguf | Qwen3 0.6B | Q8_0
Qwen3-30B-A3B-Instruct-2507-UD-Q4_K_XL.gguf | Qwen3 30B A3B Instruct 2507 | Q4_K_XL
Qwen3-30B-A3B-Thinking-2507-IQ4_NL.gguf | Qwen3 30B A3B Thinking 2507 | IQ4_NL
Qwen3-Coder-30B-A3B-Instruct-Q5_K_M.gguf | Qwen3 Coder 30B A3B Instruct | Q5_K_M
Qwen3-Embedding-0.6B-f16.gguf | Qwen3 Embedding 0.6B | F16
Qwen3-VL-8B-Instruct-Q4_K_M.gguf | Qwen3 VL 8B Instruct | Q4_K_M
qwen2.5-0.5b-instruct-fp16.gguf | qwen2.5 0.5b instruct | F16
qwen2.5-7b-instruct-q3_k_m.gguf | qwen2.5 7b instruct | Q3_K_M
Qwen2.5-Coder-32B-Instruct-Q4_0_4_4.gguf | Qwen2.5 Coder 32B Instruct | Q4_0_4_4
Qwen2.5-Coder-1.5B-Instruct-Q4_0_8_8.gguf | Qwen2.5 Coder 1.5B Instruct | Q4_0_8_8
Qwen2-VL-7B-Instruct-Q4_K_L.gguf | Qwen2 VL 7B Instruct | Q4_K_L
Qwen_QwQ-32B-Q4_K_S.gguf | QwQ 32B | Q4_K_S
qwen1_5-14b-chat-q4_0.gguf | qwen1.5 14b chat | Q4_0
DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf | DeepSeek R1 Distill Qwen 7B | Q4_K_M
deepseek-ai_DeepSeek-R1-0528-Qwen3-8B-Q6_K.gguf | DeepSeek R1 0528 Qwen3 8B | Q6_K
deepseek-coder-6.7b-instruct.Q4_K_M.gguf | deepseek coder 6.7b instruct | Q4_K_M
DeepSeek-V2-Lite-Chat.IQ3_XXS.gguf | DeepSeek V2 Lite Chat | IQ3_XXS
DeepSeek-V3-0324-UD-IQ2_M-00001-of-00005.gguf | DeepSeek V3 0324 | IQ2_M
gpt-oss-20b-mxfp4.gguf | gpt oss 20b | MXFP4
gpt-oss-20b-MXFP4_MOE.gguf | gpt oss 20b | MXFP4
openai_gpt-oss-120b-MXFP4_MOE-00001-of-00002.gguf | gpt oss 120b | MXFP4
gpt-oss-20b-F16.gguf | gpt oss 20b | F16
Mistral-7B-Instruct-v0.3-Q4_K_M.gguf | Mistral 7B Instruct v0.3 | Q4_K_M
mistral-7b-instruct-v0.2.Q5_0.gguf | mistral 7b instruct v0.2 | Q5_0
mistralai_Mistral-Small-3.2-24B-2506-Q4_K_M.gguf | Mistral Small 3.2 24B 2506 | Q4_K_M
Mistral-Nemo-Instruct-2407.Q4_K_M.gguf | Mistral Nemo Instruct 2407 | Q4_K_M
mixtral-8x7b-instruct-v0.1.Q3_K_M.gguf | mixtral 8x7b instruct v0.1 | Q3_K_M
Ministral-8B-Instruct-2410-Q8_0_L.gguf | Ministral 8B Instruct 2410 | Q8_0_L
Devstral-Small-2507-IQ4_XS.gguf | Devstral Small 2507 | IQ4_XS
Magistral-Small-2509-Q4_K_M.gguf | Magistral Small 2509 | Q4_K_M
Codestral-22B-v0.1-Q4_K_M.gguf | Codestral 22B v0.1 | Q4_K_M
Phi-3-mini-4k-instruct-q4.gguf | Phi 3 mini 4k instruct | Q4
Phi-3.5-mini-instruct-Q4_K_M.gguf | Phi 3.5 mini instruct | Q4_K_M
microsoft_Phi-4-mini-instruct-Q4_K_M.gguf | Phi 4 mini instruct | Q4_K_M
phi-4-Q4_K_M.gguf | phi 4 | Q4_K_M
phi-2.Q4_K_M.gguf | phi 2 | Q4_K_M
SmolLM2-1.7B-Instruct-Q4_K_M.gguf | SmolLM2 1.7B Instruct | Q4_K_M
smollm2-360m-instruct-q8_0.gguf | smollm2 360m instruct | Q8_0
HuggingFaceTB_SmolLM3-3B-Q4_K_M.gguf | SmolLM3 3B | Q4_K_M
SmolLM2.q8.gguf | SmolLM2 | Q8
stories15M-q4_0.gguf | stories15M | Q4_0
stablelm-2-zephyr-1_6b-Q4_1.gguf | stablelm 2 zephyr 1.6b | Q4_1
zephyr-7b-beta.Q4_K_M.gguf | zephyr 7b beta | Q4_K_M
openchat-3.5-0106.Q4_K_M.gguf | openchat 3.5 0106 | Q4_K_M
Nous-Hermes-2-Mixtral-8x7B-DPO.Q4_K_M.gguf | Nous Hermes 2 Mixtral 8x7B DPO | Q4_K_M
Hermes-3-Llama-3.1-8B.Q4_K_M.gguf | Hermes 3 Llama 3.1 8B | Q4_K_M
NousResearch_Hermes-4-14B-Q4_K_M.gguf | Hermes 4 14B | Q4_K_M
c4ai-command-r-08-2024-Q4_K_M.gguf | c4ai command r 08 2024 | Q4_K_M
aya-expanse-8b-Q4_K_M.gguf | aya expanse 8b | Q4_K_M
granite-3.3-8b-instruct-Q4_K_M.gguf | granite 3.3 8b instruct | Q4_K_M
ibm-granite_granite-4.0-h-tiny-Q4_K_M.gguf | granite 4.0 h tiny | Q4_K_M
granite-4.0-micro-BF16.gguf | granite 4.0 micro | BF16
falcon-mamba-7b-instruct-Q4_K_M.gguf | falcon mamba 7b instruct | Q4_K_M
Falcon3-7B-Instruct-1.58bit-TQ2_0.gguf | Falcon3 7B Instruct 1.58bit | TQ2_0
ggml-model-i2_s.gguf | ggml model i2 s |
LFM2-1.2B-Q4_0.gguf | LFM2 1.2B | Q4_0
GLM-4.5-Air-UD-Q2_K_XL-00001-of-00002.gguf | GLM 4.5 Air | Q2_K_XL
THUDM_GLM-4-9B-0414-Q4_K_M.gguf | GLM 4 9B 0414 | Q4_K_M
Kimi-K2-Instruct-UD-TQ1_0-00001-of-00005.gguf | Kimi K2 Instruct | TQ1_0
bge-small-en-v1.5-q8_0.gguf | bge small en v1.5 | Q8_0
bge-m3-FP16.gguf | bge m3 | F16
nomic-embed-text-v1.5.Q8_0.gguf | nomic embed text v1.5 | Q8_0
all-MiniLM-L6-v2-ggml-model-f16.gguf | all MiniLM L6 v2 ggml model | F16
mxbai-embed-large-v1-f16.gguf | mxbai embed large v1 | F16
jina-reranker-v2-base-multilingual-Q8_0.gguf | jina reranker v2 base multilingual | Q8_0
snowflake-arctic-embed-m-long--Q5_K_M.GGUF | snowflake arctic embed m long | Q5_K_M
L3-8B-Stheno-v3.2-Q4_K_M-imat.gguf | L3 8B Stheno v3.2 | Q4_K_M
Rocinante-12B-v1.1-Q4_K_M-imatrix.gguf | Rocinante 12B v1.1 | Q4_K_M
TheDrummer_Cydonia-24B-v4.1-Q4_K_M.gguf | Cydonia 24B v4.1 | Q4_K_M
MythoMax-L2-13B.q4_K_M.gguf | MythoMax L2 13B | Q4_K_M
Midnight-Miqu-70B-v1.5.i1-Q4_K_M.gguf | Midnight Miqu 70B v1.5 | Q4_K_M
Yi-1.5-9B-Chat-Q4_K_M.gguf | Yi 1.5 9B Chat | Q4_K_M
internlm2_5-7b-chat-q5_k_m.gguf | internlm2.5 7b chat | Q5_K_M
EXAONE-4.0-1.2B-Q4_K_M.gguf | EXAONE 4.0 1.2B | Q4_K_M
Apertus-8B-Instruct-2509-Q4_K_M.gguf | Apertus 8B Instruct 2509 | Q4_K_M
my model (final).gguf | my model (final) |
Ünïcode-模型-7B-Q4_K_M.gguf | Ünïcode 模型 7B | Q4_K_M
Q4_K_M.gguf | model | Q4_K_M
.gguf | model |
"""
ROWS = [tuple(cell.strip() for cell in row.split("|")) for row in TABLE.strip().splitlines()]


def test_the_table_is_large_enough() -> None:
    assert len({row[0] for row in ROWS}) >= 80


@pytest.mark.parametrize(("file", "title", "quantization"), ROWS, ids=[row[0] for row in ROWS])
def test_title_and_quantization(file: str, title: str, quantization: str) -> None:
    name = read_name(file)
    assert (name.title, name.quantization) == (title, quantization)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("mmproj-model-f16.gguf", ModelName("model", "F16", projector=True)),
        (
            "mmproj-google_gemma-3-4b-it-bf16.gguf",
            ModelName("gemma 3 4b it", "BF16", projector=True),
        ),
        (
            "Qwen2.5-VL-7B-Instruct-mmproj-Q8_0.gguf",
            ModelName("Qwen2.5 VL 7B Instruct", "Q8_0", projector=True),
        ),
        ("mmproj-F32.gguf", ModelName("model", "F32", projector=True)),
        ("SmolVLM.mmproj.gguf", ModelName("SmolVLM", projector=True)),
    ],
)
def test_projectors(file: str, expected: ModelName) -> None:
    assert read_name(file) == expected


def test_shards() -> None:
    name = read_name("GLM-4.5-Q4_K_M-00003-of-00012.gguf")
    assert (name.title, name.shard, name.shards) == ("GLM 4.5", 3, 12)
    assert read_name("a-00001-of-00000.gguf").shards == 1
