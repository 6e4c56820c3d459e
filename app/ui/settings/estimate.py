"""What the model in use takes with the settings as they are, in memory's own arithmetic.

Main thread; the sum is worked out elsewhere, again after each change of a setting.
"""

from collections.abc import Callable
from concurrent.futures import Future

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout

from app.core.fit import LABELS, Fit, arithmetic
from app.ui.bridge import Answers
from app.ui.preferences import Preferences
from app.ui.settings.page import Panel

Estimate = Callable[[], "Future[tuple[str, Fit] | None]"]


class EstimatePanel(Panel):
    def __init__(self, estimate: Estimate, preferences: Preferences) -> None:
        super().__init__()
        self._estimate = estimate
        self._answers = Answers(self)
        self.title, self.sum = QLabel(), QLabel()
        self.title.setProperty("kind", "heading")
        self.title.setContentsMargins(0, 12, 0, 0)
        self.sum.setProperty("kind", "small")
        for label in (self.title, self.sum):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self.sum)
        preferences.changed.connect(self.refresh)

    def refresh(self) -> None:
        self._answers.take(self._estimate(), self._show)

    def _show(self, estimated: tuple[str, Fit] | None) -> None:
        if estimated is None:
            self.title.setText("No model is loaded")
            self.sum.setText("With one, what it takes of the memory stands here.")
            return
        name, fit = estimated
        self.title.setText(f"{name}: {LABELS[fit.label]}")
        lines = arithmetic(fit)
        if fit.gpu_available:
            lines.append(f"{fit.gpu_layers} of {fit.total_layers} layers go to the GPU")
        self.sum.setText("\n".join(lines))
