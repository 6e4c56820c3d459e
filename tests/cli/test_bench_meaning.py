import json

import pytest

from app.cli.main import main


def test_a_small_scan_is_measured(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "meaning", "--passages", "1000", "--size", "16", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert len(said["figures"]) == 3
    assert all(figure["p95_ms"] >= figure["median_ms"] > 0 for figure in said["figures"])
