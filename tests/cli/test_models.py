"""`llama-chat models …` against a hub on loopback, named by HF_ENDPOINT."""

import io
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants, get_token

from app.bootstrap.models import named_model
from app.cli import progress
from app.cli.main import main
from app.core.paths import find_folders
from app.hub.downloads import Downloads
from scripts.hub_stand_in import Fault, StandIn
from tests.cli.conftest import REPOSITORY
from tests.hub import gguf_files


@pytest.fixture
def models(tiny_model: Path) -> Path:
    folder = find_folders().models
    folder.mkdir(parents=True)
    return Path(shutil.copy(tiny_model, folder / "tiny-local-Q4_K_M.gguf")).parent


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["models", *arguments, "--json"]) in (0, 1)
    return json.loads(capfd.readouterr().out)


@pytest.mark.usefixtures("hub")
def test_listing_shows_models_and_why_files_are_broken(
    models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (models / "bad.gguf").write_bytes(b"<html>")
    gguf_files.write_split(models, "big-Q4_0", 2)[1].unlink()
    assert main(["models", "list"]) == 0
    out, err = capfd.readouterr()
    (line,) = out.splitlines()
    assert line.split("  ")[0] == "tiny local Q4_K_M"
    assert "MB" in line
    assert "does not begin" in err
    assert "1 of its 2 parts are missing" in err
    listed = said(capfd, "list")
    assert [one["name"] for one in listed["models"]] == ["tiny local Q4_K_M"]
    assert len(listed["broken"]) == 2


@pytest.mark.usefixtures("hub", "machine")
def test_a_first_look_suggests_models(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    err = capfd.readouterr().err
    assert err.startswith("No models yet")
    assert err.count(":Q4_K_M") + err.count(":Q8_0") == 3


@pytest.mark.usefixtures("machine")
def test_searching(
    hub: StandIn, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = said(capfd, "search", "llama", "@other", "--limit", "25", "--sort", "downloads")
    assert len(found) == 25
    assert all(one["repository"].startswith("other/") for one in found)
    assert [one["repository"] for one in said(capfd, "search", REPOSITORY)] == [REPOSITORY]
    assert main(["models", "search", "tiny"]) == 0
    assert "1.2K downloads" in capfd.readouterr().out
    assert main(["models", "search", "nothing-like-it"]) == 1
    room = "app.cli.models.most_parameters"
    monkeypatch.setattr(room, lambda devices: 12)
    fitting = said(capfd, "search", "@other", "--fits", "--limit", "100")
    assert len(fitting) == 12
    assert max(one["parameters"] for one in fitting) == 12
    hub.add("maker/odd-GGUF", {"o-Q4_0.gguf": b"o"}, licence="apache-2.0", architecture="qwen3")
    (odd,) = said(capfd, "search", "--licence", "Apache-2.0", "--arch", "qwen3", "--fits")
    assert odd["repository"] == "maker/odd-GGUF"
    assert said(capfd, "search", "odd", "--license", "mit") == []
    assert main(["models", "search", "odd"]) == 0
    assert capfd.readouterr().out.split()[-2:] == ["qwen3", "apache-2.0"]
    hub.hub_faults.append(Fault("429"))
    assert main(["models", "search", "tiny"]) == 1
    assert "slow down" in capfd.readouterr().err
    assert main(["models", "search", "--sort", "beauty"]) == 2


@pytest.mark.usefixtures("machine")
def test_a_download_by_name_is_the_recommended_one_and_verified(
    hub: StandIn, capfd: pytest.CaptureFixture[str], tiny_model: Path
) -> None:
    path = Path(said(capfd, "download", REPOSITORY)["path"])
    # Small models are better with more bits, when there is room.
    assert path == find_folders().models / REPOSITORY / "tiny-chat-Q8_0.gguf"
    assert path.stat().st_size == 6 << 20
    assert (path.parent / "mmproj-tiny-chat-F16.gguf").read_bytes() == b"eye"
    sent = hub.sent()
    assert main(["models", "download", f"{REPOSITORY}:Q8_0"]) == 0
    out, err = capfd.readouterr()
    assert (out.strip(), "here already" in err) == (str(path), True)
    assert hub.sent() == sent
    assert main(["models", "download", f"{REPOSITORY}:q4_k_m", "--no-projector"]) == 0
    out, err = capfd.readouterr()
    assert Path(out.strip()).read_bytes() == tiny_model.read_bytes()
    assert "100%" in err, "plain lines where there is no terminal"
    assert main(["models", "download", f"{REPOSITORY}:Q2_K"]) == 1
    assert "it has F16, Q4_K_M, Q8_0" in capfd.readouterr().err
    assert main(["models", "download", "no such thing"]) == 1
    assert main(["models", "download"]) == 2


@pytest.mark.usefixtures("machine")
def test_a_download_that_fails_ends_with_a_sentence_and_no_file(
    hub: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.faults += [Fault("flip", at=0.5)] * 3
    assert main(["models", "download", f"{REPOSITORY}:Q4_K_M", "--no-projector"]) == 1
    assert len(capfd.readouterr().err.splitlines()[-1]) > 20
    assert list(find_folders().models.rglob("*.gguf")) == []


@pytest.mark.usefixtures("machine")
def test_the_token_goes_to_the_hub_alone_and_into_no_log(
    hub: StandIn, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.repositories[REPOSITORY].gated = True
    assert main(["models", "download", f"{REPOSITORY}:Q4_K_M"]) == 0
    sent = {(entry.server, entry.authorization) for entry in hub.log}
    assert ("hub", "Bearer hf_secret") in sent
    assert {authorization for server, authorization in sent if server == "files"} == {""}
    assert "hf_secret" not in caplog.text
    assert "hf_secret" not in "".join(capfd.readouterr())


@pytest.mark.usefixtures("hub", "machine")
def test_the_speed_limit_of_the_settings_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []
    set_limit = Downloads.limit

    def limit(downloads: Downloads, bytes_per_s: int) -> None:
        limits.append(bytes_per_s)
        set_limit(downloads, bytes_per_s)

    monkeypatch.setattr(Downloads, "limit", limit)
    settings = find_folders().settings
    settings.parent.mkdir(parents=True)
    settings.write_text('{"models": {"download_limit_kib": 40960}}')
    assert main(["models", "download", f"{REPOSITORY}:Q4_K_M", "--no-projector"]) == 0
    assert limits == [40960 << 10]


@pytest.mark.usefixtures("hub", "models")
def test_info_says_the_facts_the_fit_and_the_template(capfd: pytest.CaptureFixture[str]) -> None:
    about = said(capfd, "info", "tiny local")
    assert (about["here"], about["label"]) == (True, "fits")
    assert about["header"]["layers"] == 2
    assert about["template"]["system_role"] is True
    assert sum(term["bytes"] for term in about["fit"]["terms"]) > about["size_bytes"] * 0.9
    assert main(["models", "info", "tiny local"]) == 0
    out = capfd.readouterr().out
    assert "Memory: weights" in out
    assert "Chat template: a system prompt" in out
    assert "The largest chat that fits: 32,768 tokens" in out


@pytest.mark.usefixtures("hub", "models", "machine")
def test_info_of_what_is_not_here_reads_its_header_at_the_hub(
    hub: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    about = said(capfd, "info", f"{REPOSITORY}:Q8_0")
    assert (about["here"], about["size_bytes"]) == (False, 6 << 20)
    assert about["header"]["trained_ctx"] == 32768
    assert hub.sent() < 1 << 20
    assert main(["models", "info", "tini locall"]) == 1
    assert 'Did you mean "tiny local' in capfd.readouterr().err


@pytest.mark.usefixtures("hub")
def test_removing_asks_and_can_be_undone(models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (file,) = models.iterdir()
    assert main(["models", "remove", "tiny local"]) == 2, "nobody is there to be asked"
    assert file.exists()
    assert main(["models", "remove", "tiny local", "--yes"]) == 0
    assert not file.exists()
    assert main(["models", "restore"]) == 0
    assert file.exists()
    (models / "bad.gguf").write_bytes(b"<html>")
    assert main(["models", "remove", "bad.gguf", "--yes", "--forever"]) == 0
    assert main(["models", "restore", "bad"]) == 1
    assert main(["models", "remove", "unknown", "--yes"]) == 1
    capfd.readouterr()


@pytest.mark.usefixtures("hub")
def test_what_others_keep_is_shown_and_stays(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "user" / ".lmstudio" / "models" / "maker" / "theirs" / "theirs-Q4_0.gguf"
    gguf_files.write(theirs, name="x")
    (one,) = said(capfd, "list")["models"]
    assert (one["source"], one["repository"]) == ("lm_studio", "maker/theirs")
    assert main(["models", "remove", "theirs", "--yes"]) == 1
    assert "belongs to LM Studio" in capfd.readouterr().err
    assert theirs.exists()


@pytest.mark.usefixtures("hub")
def test_the_guide_is_listed_as_built_in_is_the_default_and_stays(
    guide: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (one,) = said(capfd, "list")["models"]
    assert (one["name"].startswith("Built-in guide"), one["source"]) == (True, "starter")
    assert named_model("default") == named_model("built-in guide") == guide
    assert main(["models", "remove", "built-in guide", "--yes"]) == 1
    assert "comes with the app and stays" in capfd.readouterr().err
    assert guide.exists()


@pytest.mark.usefixtures("hub")
def test_importing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mine = gguf_files.write(tmp_path / "mine" / "solo-Q4_0.gguf", name="a")
    (tmp_path / "mine" / "bad.gguf").write_bytes(b"<html>")
    assert main(["models", "import", str(mine.parent), "--how", "move"]) == 0
    out, err = capfd.readouterr()
    assert "solo Q4_0 is imported" in out
    assert "does not begin" in err
    assert not mine.exists()
    assert (find_folders().models / "solo-Q4_0.gguf").exists()
    assert main(["models", "import", str(tmp_path / "mine" / "bad.gguf")]) == 1
    assert main(["models", "import", str(tmp_path / "gone")]) == 1


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    with progress.Meter("Title") as meter:
        meter.show(5, 10, "waits")
        bar = meter._bar
        assert bar
        assert (bar.tasks[0].completed, bar.tasks[0].total) == (5, 10)
        assert bar.tasks[0].description == "Title (waits)"


@pytest.mark.usefixtures("hub")
def test_logging_in_is_the_library_s_own_and_shows_no_token(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    hub: StandIn,
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", hub.endpoint)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(tmp_path / "stored"))
    for wrong in ("hf_wrong", "", "two words"):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{wrong}\n"))
        assert main(["models", "login"]) == 1
        assert not (tmp_path / "token").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("hf_secret\n"))
    assert main(["models", "login"]) == 0
    out, err = capfd.readouterr()
    assert "The hub knows you now" in out
    assert "hf_" not in out + err
    assert get_token() == "hf_secret"
