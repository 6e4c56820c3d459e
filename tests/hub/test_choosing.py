"""Which model, which quantization: the list that ships, and what suits a machine."""

import re

import pytest

from app.core.downloads import RemoteFile
from app.core.errors import HubError
from app.core.fit import LABELS, Settings, arithmetic
from app.core.model_facts import Layer, ModelFacts, resized
from app.core.protocol import Device
from app.hub.catalog import Offer
from app.hub.choosing import judge, most_parameters, recommend
from app.hub.names import read_name
from app.hub.references import read_reference
from app.hub.suggestions import curated, suggest
from app.hub.variants import Variant

GB = 10**9


def test_the_list_that_ships_has_the_right_form() -> None:
    listed = curated()
    assert 10 <= len(listed) <= 25
    assert len({one.repository for one in listed}) == len(listed)
    for one in listed:
        reference = read_reference(one.reference)
        assert reference
        assert (reference.repository, reference.quantization) == (one.repository, one.quantization)
        assert one.repository.endswith("-GGUF")
        assert read_name(f"x-{one.quantization}.gguf").quantization == one.quantization
        assert one.title
        assert one.good_for[0].islower()
        assert re.fullmatch(r"[a-z0-9.-]+", one.licence)
    sizes = [one.bytes for one in listed]
    assert sizes == sorted(sizes)
    assert sizes[0] < GB / 2 < 30 * GB < sizes[-1]


@pytest.mark.parametrize("memory_gb", [1, 2, 4, 8, 16, 24, 32, 64, 128, 512])
def test_three_suggestions_fit_any_machine(memory_gb: int) -> None:
    found = suggest(memory_gb * GB)
    assert 1 <= len(found) <= 3
    assert len(found) == 3 or memory_gb < 4
    assert len(set(found)) == len(found)
    assert all(one.bytes <= 0.6 * memory_gb * GB for one in found)
    assert [one.bytes for one in found] == sorted((one.bytes for one in found), reverse=True)
    if 4 <= memory_gb <= 64:
        assert found[0].bytes > 0.15 * memory_gb * GB, "the best uses what is there"


def _facts(parameters: int) -> ModelFacts:
    layer = Layer(parameters // 40, kv_heads=8, key_size=128, value_size=128)
    return ModelFacts(
        kind="chat",
        layers=(layer,) * 32,
        input_bytes=parameters // 40,
        output_bytes=parameters // 40,
        width=4096,
        vocabulary=128_000,
        trained_ctx=131_072,
    )


def _offer(parameters: int) -> Offer:
    bits = {"Q2_K": 2.6, "Q3_K_M": 3.9, "Q4_K_M": 4.8, "Q6_K": 6.6, "Q8_0": 8.5, "F16": 16}
    variants = tuple(
        Variant("m", name, ((f"{name}.gguf", _remote(int(parameters * each / 8))),))
        for name, each in bits.items()
    )
    return Offer("a/b", False, "mit", variants)


def _remote(size: int) -> RemoteFile:
    return RemoteFile("http://x", size)


def _devices(ram_gb: float, gpu_gb: float = 0) -> list[Device]:
    cpu = Device(
        name="CPU", description="", kind="cpu", total_bytes=int(ram_gb * GB),
        free_bytes=int(ram_gb * GB),
    )  # fmt: skip
    gpu = Device(
        name="CUDA0", description="", kind="gpu", total_bytes=int(gpu_gb * GB),
        free_bytes=int(gpu_gb * GB),
    )  # fmt: skip
    return [cpu, gpu] if gpu_gb else [cpu]


@pytest.mark.parametrize(
    ("billions", "ram_gb", "gpu_gb", "quantization", "why"),
    [
        (8, 32, 0, "Q4_K_M", "fits into memory"),
        (8, 32, 24, "Q4_K_M", "on the GPU"),
        (8, 32, 4, "Q4_K_M", "fits into memory"),  # quality before the GPU
        (1, 16, 0, "Q8_0", "fits into memory"),  # small models keep more with more bits
        (8, 7.5, 0, "Q3_K_M", "fits into memory"),
        (70, 8, 0, "Q2_K", "does not fit"),
    ],
)
def test_a_quantization_is_recommended(
    billions: int, ram_gb: float, gpu_gb: float, quantization: str, why: str
) -> None:
    parameters = billions * GB
    settings = Settings(chat_ctx=4096)
    judged = judge(_offer(parameters), _facts(parameters), settings, _devices(ram_gb, gpu_gb))
    found = recommend(judged, parameters)
    assert found.judged.variant.quantization == quantization
    assert why in found.why


def test_nothing_to_recommend_is_a_sentence() -> None:
    with pytest.raises(HubError, match="no GGUF"):
        recommend([])


def test_the_arithmetic_adds_up_and_names_both_memories() -> None:
    (judged,) = [
        one
        for one in judge(_offer(8 * GB), _facts(8 * GB), Settings(), _devices(32, 6))
        if one.variant.quantization == "Q4_K_M"
    ]
    gpu, memory = arithmetic(judged.fit)
    assert LABELS[judged.fit.label] == "fits"
    for line in (gpu, memory):
        left, right = line.split(" = ")
        numbers = [float(number) for number in re.findall(r"\d+\.\d+", left)]
        assert sum(numbers) == pytest.approx(float(right.split()[0]), abs=0.03)
    assert gpu.startswith("GPU: weights")
    assert "chat memory" in memory


def test_another_size_of_the_same_model() -> None:
    facts = _facts(8 * GB)
    twice = resized(facts, 2 * facts.weight_bytes)
    assert twice.weight_bytes == pytest.approx(2 * facts.weight_bytes, rel=1e-6)
    bare = ModelFacts(kind="chat", layers=(Layer(0, 8, 128, 128),) * 4)
    assert resized(bare, GB).weight_bytes == GB


def test_how_large_a_model_may_be_at_all() -> None:
    assert 4 * GB < most_parameters(_devices(8)) < 12 * GB
    assert most_parameters(_devices(8, 24)) > 3 * most_parameters(_devices(8))
