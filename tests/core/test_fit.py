"""Fit arithmetic against the library's own buffers and against simulated machines."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_cpp import Llama

from app.core.fit import Settings, estimate, kv_bytes, largest_ctx
from app.core.model_facts import Layer, ModelFacts, read_facts
from app.core.protocol import Device
from scripts.make_model import build

GIB = 1 << 30
MIB = 1 << 20
PARTS = ("weights", "kv")


def cpu(free: float) -> Device:
    return Device(
        name="CPU", description="", kind="cpu", total_bytes=64 * GIB, free_bytes=int(free * GIB)
    )


def gpu(free: float) -> Device:
    return Device(
        name="GPU", description="", kind="gpu", total_bytes=64 * GIB, free_bytes=int(free * GIB)
    )


def eight_billion() -> ModelFacts:
    """An 8B of the Llama 3 shape in Q4_K_M: 4.9 GB, 131 MB of KV per 1k tokens."""
    layer = Layer(weight_bytes=135 * MIB, kv_heads=8, key_size=128, value_size=128)
    return ModelFacts(
        kind="chat",
        layers=(layer,) * 32,
        input_bytes=280 * MIB,
        output_bytes=410 * MIB,
        width=4096,
        heads=32,
        vocabulary=128_256,
        trained_ctx=131_072,
    )


def settings(**given: object) -> Settings:
    return Settings(**{"compute_bytes": 300 * MIB, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["tiny", "swa", "hybrid", "recurrent"])
def test_kv_and_weights_are_what_the_library_allocates(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = build(kind, tmp_path / "model.gguf")
    facts = read_facts(path)
    chosen = Settings(chat_ctx=2048, sequences=1)
    model = Llama(
        str(path), n_ctx=chosen.cells, n_ubatch=512, swa_full=False, flash_attn=True, verbose=True
    )
    with closing(model):
        log = capfd.readouterr().err
    kv = sum(float(size) for size in re.findall(r"KV buffer size = +([\d.]+) MiB", log))
    state = sum(float(size) for size in re.findall(r"RS buffer size = +([\d.]+) MiB", log))
    weights = sum(float(size) for size in re.findall(r"model buffer size = +([\d.]+) MiB", log))
    ours = sum(kv_bytes(layer, facts, chosen) for layer in facts.layers)
    assert ours / MIB == pytest.approx(kv, abs=0.01)
    assert sum(layer.state_bytes for layer in facts.layers) / MIB == pytest.approx(state, abs=0.01)
    assert facts.weight_bytes / MIB == pytest.approx(weights, abs=0.02)


def test_an_eight_billion_model_takes_what_is_known_of_it() -> None:
    facts = eight_billion()
    per_thousand = sum(
        kv_bytes(layer, facts, Settings(chat_ctx=2000, parallel=0)) for layer in facts.layers
    )
    assert per_thousand == pytest.approx(131e6, rel=0.01)
    halved = Settings(chat_ctx=2000, parallel=0, type_k="q8_0", type_v="q8_0")
    assert sum(kv_bytes(layer, facts, halved) for layer in facts.layers) < 0.54 * per_thousand


@pytest.mark.parametrize(
    ("devices", "label"),
    [
        ([cpu(32)], "fits"),
        ([cpu(7.8)], "tight"),
        ([cpu(5)], "too_big"),
        ([cpu(32), gpu(24)], "gpu"),
        ([cpu(32), gpu(4)], "fits"),
        ([cpu(1), gpu(4)], "too_big"),
        ([cpu(32), gpu(4), gpu(5)], "gpu"),
        ([cpu(2), gpu(24)], "gpu"),
        ([cpu(32), gpu(0)], "fits"),
        ([], "too_big"),
    ],
)
def test_labels_by_machine(devices: list[Device], label: str) -> None:
    assert estimate(eight_billion(), settings(), devices).label == label


def test_layers_go_to_the_gpu_as_far_as_they_fit() -> None:
    facts = eight_billion()
    some = estimate(facts, settings(), [cpu(32), gpu(4)])
    assert 0 < some.gpu_layers < some.total_layers
    assert some.bytes_on("gpu") <= some.gpu_available
    one_more = estimate(facts, settings(), [cpu(32), gpu(4)], some.gpu_layers + 1)
    assert one_more.bytes_on("gpu") > one_more.gpu_available
    assert one_more.label == "too_big"
    every = estimate(facts, settings(), [cpu(32), gpu(24)])
    assert every.gpu_layers == every.total_layers == 33
    assert {t.part for t in every.terms if t.place == "gpu"} == {"weights", "kv", "compute"}
    assert estimate(facts, settings(), [cpu(32)], 20).gpu_layers == 0


def test_moving_layers_loses_and_invents_nothing() -> None:
    facts = eight_billion()
    kv = 32 * kv_bytes(facts.layers[0], facts, settings())
    for count in range(34):
        split = estimate(facts, settings(), [cpu(64), gpu(64)], count)
        sums = {part: sum(t.bytes for t in split.terms if t.part == part) for part in PARTS}
        assert sums == {"weights": facts.weight_bytes, "kv": kv}
        assert split.bytes == split.bytes_on("cpu") + split.bytes_on("gpu")


def test_a_tied_head_is_copied_to_the_gpu() -> None:
    facts = eight_billion()
    tied = ModelFacts(
        kind="chat", layers=facts.layers, input_bytes=500 * MIB, output_bytes=16_384, width=4096
    )
    on_gpu = estimate(tied, settings(), [cpu(64), gpu(64)]).bytes_on("gpu")
    layers = sum(la.weight_bytes + kv_bytes(la, tied, settings()) for la in tied.layers)
    assert on_gpu == layers + 500 * MIB + 300 * MIB


def test_the_context_shrinks_to_what_fits() -> None:
    facts = eight_billion()
    wish = Settings(chat_ctx=1_000_000_000)
    clamped = largest_ctx(facts, wish, [cpu(400)])
    assert clamped == 131_072
    smaller = largest_ctx(facts, wish, [cpu(12)])
    assert 8192 < smaller < 131_072
    chosen = Settings(chat_ctx=smaller)
    assert estimate(facts, chosen, [cpu(12)]).label != "too_big"
    assert estimate(facts, Settings(chat_ctx=smaller + 256), [cpu(12)]).label == "too_big"
    assert largest_ctx(facts, wish, [cpu(2)]) == 0


def test_windowed_layers_need_less() -> None:
    windowed = Layer(weight_bytes=0, kv_heads=4, key_size=64, value_size=64, windowed=True)
    facts = ModelFacts(kind="chat", layers=(windowed,), window=128)
    small = kv_bytes(windowed, facts, Settings(chat_ctx=65_536))
    assert small == 2560 * 4 * 128 * 2
    assert kv_bytes(windowed, facts, Settings(chat_ctx=65_536, full_window=True)) > 30 * small


@given(
    free=st.floats(0, 40),
    wish=st.integers(256, 200_000),
    layers=st.lists(st.integers(0, 400), min_size=1, max_size=60),
)
def test_the_bisection_finds_the_true_maximum(free: float, wish: int, layers: list[int]) -> None:
    facts = ModelFacts(
        kind="chat",
        layers=tuple(
            Layer(weight_bytes=size * MIB, kv_heads=size % 9, key_size=64, value_size=64)
            for size in layers
        ),
        input_bytes=200 * MIB,
        output_bytes=200 * MIB,
        width=1024,
        vocabulary=32_000,
    )
    chosen, machine = Settings(chat_ctx=wish), [cpu(40), gpu(free)]
    needs = [
        estimate(facts, chosen, machine, count).bytes_on("gpu") for count in range(len(layers) + 2)
    ]
    assert needs == sorted(needs)
    found = estimate(facts, chosen, machine)
    assert found.gpu_layers == max(n for n in range(len(needs)) if needs[n] <= found.gpu_available)
