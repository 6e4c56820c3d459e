"""A hub on loopback, named by HF_ENDPOINT, and a machine that is known without an engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.protocol import Device
from scripts.hub_stand_in import Content, StandIn

REPOSITORY = "maker/tiny-chat-GGUF"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_model: Path) -> Iterator[StandIn]:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "none"))
    whole = tiny_model.read_bytes()
    with StandIn(token="hf_secret").serving() as stand_in:
        monkeypatch.setenv("HF_ENDPOINT", stand_in.endpoint)
        stand_in.add(
            REPOSITORY,
            {
                "tiny-chat-Q4_K_M.gguf": whole,
                "tiny-chat-Q8_0.gguf": Content(whole, 6 << 20),
                "tiny-chat-F16.gguf": Content(whole, 8 << 20),
                "mmproj-tiny-chat-F16.gguf": b"eye",
            },
            downloads=1234,
        )
        for index in range(30):
            stand_in.add(f"other/llama-{index:02}-GGUF", {"m-Q4_0.gguf": b"x" * (index + 1)})
        yield stand_in


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much memory, without an engine to ask."""
    device = Device(name="CPU", description="", kind="cpu", total_bytes=8 << 30, free_bytes=8 << 30)
    monkeypatch.setattr("app.bootstrap.hub.Ground.devices", lambda _: (device,))
