"""The header says what is known, and its verbs reach the models."""

from types import SimpleNamespace

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.chat.events import WindowMeasured
from app.chat.seen import Account, SeenMessage
from app.core.errors import ErrorInfo
from app.core.ids import MessageId
from app.core.protocol import Loaded, ModelInfo, WorkerStats
from app.ui.events import (
    MemoryReported,
    ModelChanged,
    ModelChoice,
    ModelFailed,
    ModelLoading,
    ModelReady,
    ModelsListed,
    NoModel,
)
from app.ui.header.memory import bytes_in_words, figures
from app.ui.header.switch import ModelSwitch
from app.ui.seen.usage import described, percent, usage_of
from app.ui.theme import LIGHT

GEMMA = ModelChoice("/m/gemma.gguf", "gemma 3 4b it", "Q4_K_M")
QWEN = ModelChoice("/m/qwen.gguf", "Qwen3 8B", "Q4_K_M")
INFO = ModelInfo(
    path="/m/gemma.gguf", name="g", architecture="gemma3", parameters=1, file_bytes=1, layers=34,
    gpu_layers=99, trained_ctx=8192, chat_ctx=8192, cells=12288, parallel=1, vocabulary=1,
    embedding_length=1, weights_bytes=2_500_000_000, kv_bytes=300_000_000,
)  # fmt: skip


def post(desk, event):
    desk.bridge.post(event)
    desk.settle()


def shown(desk) -> set[str]:
    return {each.text() for each in desk.window.header.memory.findChildren(QLabel)}


def test_the_menu_lists_friendly_names_and_loads_at_once(desk):
    header = desk.window.header
    post(desk, ModelsListed((GEMMA, QWEN)))
    post(desk, ModelChanged(ModelReady(GEMMA, INFO)))
    header._fill_menu()
    labels = [each.text() for each in header.menu.actions()][:2]
    assert labels == ["gemma 3 4b it\tQ4_K_M", "Qwen3 8B\tQ4_K_M"]
    assert [each.isChecked() for each in header.menu.actions()[:2]] == [True, False]
    header.menu.actions()[1].trigger()
    assert desk.models.asked == [("load", "Qwen3 8B")]


def test_reloading_a_model_that_is_there_asks_for_a_fresh_one(desk):
    post(desk, ModelChanged(ModelReady(GEMMA, INFO)))
    desk.window.header.reload.trigger()
    assert desk.models.asked == [("reload", "gemma 3 4b it")]


def test_a_load_shows_its_progress_and_can_be_cancelled(desk):
    header = desk.window.header
    post(desk, ModelChanged(ModelLoading(GEMMA, 0.25, "fewer GPU layers")))
    assert header.progress.isVisible()
    assert header.progress.value() == 250
    assert header.step.text() == "fewer GPU layers"
    desk.qtbot.mouseClick(header.cancel_button, Qt.MouseButton.LeftButton)
    assert desk.models.asked == [("cancel",)]
    post(desk, ModelChanged(ModelReady(GEMMA, INFO)))
    assert not header.progress.isVisible()


def test_a_failed_load_explains_itself_inline_and_tries_again(desk):
    error = ErrorInfo("model_load_failed", "The file ends early. Download it again.")
    post(desk, ModelChanged(ModelFailed(GEMMA, error)))
    notes = desk.window.notes
    assert notes.text == error.message
    assert desk.window.sidebar.footer.label.accessibleName() == "Not loaded: gemma 3 4b it"
    desk.qtbot.mouseClick(notes.button, Qt.MouseButton.LeftButton)
    assert desk.models.asked == [("load", "gemma 3 4b it")]


ACCOUNT = Account(
    chat_ctx=4096,
    reserve=1048,
    system=90,
    tools=10,
    narrative=150,
    ledger=50,
    messages=(
        SeenMessage(MessageId(1), "narrated", 0),
        SeenMessage(MessageId(2), "recalled", 100),
        SeenMessage(MessageId(3), "verbatim", 600),
    ),
    exact=True,
)


def test_the_meter_follows_the_chat_on_screen(desk):
    tea, coffee = desk.chat("Tea"), desk.chat("Coffee")
    meter = desk.window.header.meter
    post(desk, ModelChanged(ModelReady(GEMMA, INFO)))
    desk.told.counted = ACCOUNT
    desk.window.current.open(tea.id)
    desk.settle()
    assert meter.isVisible()
    assert meter.accessibleName().startswith("Context: 2,048 of 4,096 tokens, System prompt")
    desk.told.counted = None
    desk.window.current.open(coffee.id)
    desk.settle()
    assert not meter.isVisible()
    # Until the parts are counted, what the engine said of the last turn is shown.
    post(desk, WindowMeasured(conversation=coffee.id, chat_ctx=4096, used=500, reserve=500))
    assert meter.isVisible()


def test_the_meters_words_are_exact():
    assert percent(usage_of(ACCOUNT)) == 50
    assert described(usage_of(ACCOUNT), LIGHT).splitlines() == [
        "Context: 2,048 of 4,096 tokens",
        "System prompt and tools: 100",
        "Narrative and facts: 200",
        "Recalled: 100",
        "Conversation: 600",
        "Kept for the reply: 1,048",
    ]


def test_the_memory_panel_says_when_a_wind_has_no_room_beside_a_full_chat():
    tight = msgspec.structs.replace(INFO, cells=INFO.chat_ctx)
    said = ("Context winds", "one step after the other: no room beside a full chat")
    assert said in figures(tight, WorkerStats())
    assert said not in figures(INFO, WorkerStats())


def test_the_memory_panel_leaves_out_what_is_not_known(desk, expect_log):
    expect_log("This plugin does not support")  # popups, without a display
    names = [name for name, _ in figures(INFO, WorkerStats())]
    assert names == ["Weights", "Context (KV)", "Layers on the GPU", "Context per chat"]
    assert bytes_in_words(1536) == "1.5 KiB"
    post(desk, ModelChanged(ModelReady(GEMMA, INFO)))
    post(desk, MemoryReported(WorkerStats(snapshots_ram_bytes=5_000_000)))
    desk.qtbot.mouseClick(desk.window.header.memory_button, Qt.MouseButton.LeftButton)
    assert desk.window.header.memory.isVisible()
    assert "4.8 MiB" in shown(desk)
    post(desk, MemoryReported(WorkerStats(snapshots_ram_bytes=9_000_000)))
    assert "8.6 MiB" in shown(desk)  # while it is open too
    desk.window.header.memory.hide()


def test_an_undo_stays_while_a_model_loads(desk):
    desk.window.notes.say("The message is deleted.", "Undo", lambda: None)
    post(desk, ModelChanged(ModelLoading(GEMMA, 0.25)))
    assert desk.window.notes.isVisible()


def test_a_failure_goes_when_the_model_is_tried_again(desk):
    post(desk, ModelChanged(ModelFailed(GEMMA, ErrorInfo("known", "No."))))
    assert desk.window.notes.isVisible()
    post(desk, ModelChanged(ModelLoading(GEMMA)))
    assert not desk.window.notes.isVisible()


def test_after_a_cancelled_load_the_model_before_it_answers():
    sinks, said = [], []
    pool = SimpleNamespace(cancel=lambda _: None)
    switch = ModelSwitch(lambda path, sink, fresh=False: sinks.append(sink), pool, said.append)
    switch.load(GEMMA)
    sinks[0](Loaded(request_id="1", info=INFO))
    switch.load(QWEN)
    switch.cancel_load()
    assert said[-1] == ModelChanged(ModelReady(GEMMA, INFO))
    switch.reload(GEMMA)
    switch.cancel_load()
    assert said[-1] == ModelChanged(NoModel())
