"""A page to read: the way back, a title, and a scrolling column as wide as the transcript's.

Main thread.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.ui.pages import BackButton, Page
from app.ui.theme import Theme


class ReadingPage(Page):
    def __init__(self, title: str, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAccessibleName(title)
        self.theme = theme
        self.back = BackButton(self, theme)
        self.lead = QLabel()
        self.lead.setProperty("kind", "small")
        self.lead.setTextFormat(Qt.TextFormat.PlainText)
        self.lead.setWordWrap(True)
        heading = QLabel(title)
        heading.setProperty("kind", "title")
        self.column = QVBoxLayout()
        self.column.setSpacing(12)
        self._body = QWidget()
        self._body.setMaximumWidth(round(theme.column))
        inside = QVBoxLayout(self._body)
        inside.setContentsMargins(0, 8, 0, 24)
        inside.setSpacing(10)
        inside.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addWidget(heading)
        inside.addWidget(self.lead)
        inside.addLayout(self.column)
        inside.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scrolled())

    def _scrolled(self) -> QScrollArea:
        centred = QWidget()
        centred.setObjectName("pageBody")
        row = QHBoxLayout(centred)
        row.setContentsMargins(24, 8, 24, 0)
        row.addStretch(1)
        row.addWidget(self._body, 100)
        row.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("pageScroll")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(centred)
        return scroll

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.back.set_theme(theme)
        self._body.setMaximumWidth(round(theme.column))

    def opened(self) -> None:
        self.back.setFocus(Qt.FocusReason.OtherFocusReason)
