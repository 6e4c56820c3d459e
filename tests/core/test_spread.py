"""Facts of a file whose tensors were not read: its size still counts."""

from app.core.model_facts import Layer, ModelFacts, spread


def test_bytes_are_spread_over_layers_and_none_is_lost() -> None:
    layer = Layer(weight_bytes=0, kv_heads=8, key_size=128, value_size=128)
    facts = ModelFacts(kind="chat", layers=(layer,) * 7, width=4096, vocabulary=32_000)
    known = spread(facts, 4_900_000_001)
    assert known.weight_bytes == 4_900_000_001
    assert known.input_bytes == 4096 * 32_000
    assert len({la.weight_bytes for la in known.layers}) == 1
    assert spread(known, 5) == known
