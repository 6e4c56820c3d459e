"""The login at the hub, against the stand-in: who it is, in, out, and no token in any word."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants, get_token

from app.core.errors import HubError, InvalidRequest, KnownError, StorageError
from app.hub.account import Account, ask_account, log_in, log_out
from scripts.hub_stand_in import Fault, StandIn

SECRET = "hf_test"


@pytest.fixture(autouse=True)
def home(hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A login of its own, at the stand-in, on a machine without git."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", hub.endpoint)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(tmp_path / "stored"))
    return tmp_path


def refused(act: Callable[[], object]) -> KnownError:
    with pytest.raises(KnownError) as raised:
        act()
    return raised.value


def test_in_and_out_again(home: Path, hub: StandIn) -> None:
    assert ask_account() == Account()
    assert hub.log == []  # without a token nobody is asked
    assert log_in(f" {SECRET}\n") == "stand-in"
    assert get_token() == SECRET
    assert ask_account() == Account(has_token=True, name="stand-in")
    log_out()
    assert ask_account() == Account()
    assert SECRET not in "".join(file.read_text() for file in home.iterdir() if file.is_file())


def test_what_the_hub_does_not_know_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for wrong in ("", "two words", "hf_ünknown"):
        assert isinstance(refused(lambda wrong=wrong: log_in(wrong)), InvalidRequest)
    error = refused(lambda: log_in("hf_wrong"))
    assert error.message.startswith("The hub does not know this token. Make a new one at ")
    assert get_token() is None
    log_in(SECRET)
    assert "hf_wrong" not in caplog.text + error.message
    assert SECRET not in caplog.text


def test_a_token_that_was_revoked_is_told_from_a_hub_that_is_away(
    hub: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(SECRET)
    hub.token = "hf_another"
    assert ask_account() == Account(has_token=True, refused=True)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert ask_account() == Account(has_token=True)
    assert isinstance(refused(lambda: log_in("hf_other")), HubError)
    assert get_token() == SECRET


def test_a_hub_that_answers_anything_is_no_reason_to_fail(hub: StandIn) -> None:
    log_in(SECRET)
    hub.hub_faults.append(Fault("503"))
    assert ask_account() == Account(has_token=True)


def test_a_token_of_the_environment_is_said_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert ask_account() == Account(has_token=True, name="stand-in", variable="HF_TOKEN")
    assert "could not be deleted" in refused(log_out).message


def test_a_disk_that_refuses_the_token_is_said(home: Path) -> None:
    (home / "stored").mkdir()  # where the library wants to write a file
    error = refused(lambda: log_in(SECRET))
    assert isinstance(error, StorageError)
    assert error.message.startswith("The login could not be kept (")
