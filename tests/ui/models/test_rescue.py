"""After a load that failed for want of memory, each press takes one more step."""

from app.core.errors import ErrorInfo
from app.core.settings import ModelSettings, OwnLoad, Settings
from app.ui.models.rescue import next_step

MEMORY = ErrorInfo("out_of_memory", "The memory is full.")
TEA = "/m/tea.gguf"


def steps(settings: Settings, *, has_gpu: bool) -> list[str]:
    labels: list[str] = []
    while step := next_step(MEMORY, settings, TEA, has_gpu=has_gpu):
        labels.append(step.label)
        settings = step.edit(settings)
    return labels


def test_the_steps_end_and_each_asks_for_less():
    settings = Settings(models=ModelSettings(chat_ctx=6000, parallel=2))
    assert steps(settings, has_gpu=True) == [
        "Load it without the GPU",
        "Load it with a context of 3,000 tokens",
        "Load it with a context of 2,048 tokens",
        "Load it for one reply at a time",
    ]
    assert steps(settings, has_gpu=False)[0] == "Load it with a context of 3,000 tokens"


def test_a_context_of_its_own_is_made_smaller_where_it_is_kept():
    own = OwnLoad(TEA, chat_ctx=6000)
    settings = Settings(models=ModelSettings(chat_ctx=4096, own=(own,)))
    step = next_step(MEMORY, settings, TEA, has_gpu=False)
    assert step is not None
    assert step.label == "Load it with a context of 3,000 tokens"
    changed = step.edit(settings).models
    assert changed.own_of(TEA).chat_ctx == 3000
    assert changed.chat_ctx == 4096


def test_no_setting_mends_a_damaged_file():
    broken = ErrorInfo("model_load_failed", "The file ends early.")
    assert next_step(broken, Settings(), TEA, has_gpu=True) is None
