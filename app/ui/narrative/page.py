"""The narrative of the chat on screen, part by part: view, edit, take back, write again, history.

Main thread. Speaks to the narrator; what changed comes back as an event and is read anew. A part
that still says the same keeps its card, and so does one that is being edited.
"""

from PySide6.QtWidgets import QLabel, QWidget

from app.chat.events import NarrativeChanged, TurnRefused, WindFinished
from app.chat.narrator import Narrator, Part
from app.core.ids import ConversationId
from app.storage.segments import SegmentId
from app.ui.bridge import Answers, Bridge
from app.ui.current import Current
from app.ui.events import Event
from app.ui.keeping import Keeping
from app.ui.narrative.part import PartCard
from app.ui.reading_page import ReadingPage
from app.ui.theme import Theme

_LEAD = (
    "The oldest messages of this chat stand here in fewer words, so that the model never runs out "
    "of room. Nothing is lost: the messages themselves stay above the line in the chat, and what "
    "matters to a question is quoted back."
)
_NONE = "This chat has no narrative yet: all of it fits into the model’s window."


class NarrativePage(ReadingPage):
    def __init__(
        self,
        keeping: Keeping,
        current: Current,
        bridge: Bridge,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("The narrative", theme)
        self._keeping = keeping
        self._current = current
        self._answers = Answers(self)
        self.cards: list[PartCard] = []
        self.problem = QLabel()
        self.problem.setProperty("kind", "danger")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.column.addWidget(self.problem)
        bridge.arrived.connect(self._follow)

    def opened(self) -> None:
        super().opened()
        self.problem.hide()
        self._read()

    @property
    def _narrator(self) -> Narrator | None:
        here = self._current.conversation
        return None if here is None else self._keeping.of(here).narrator

    def _read(self) -> None:
        here, narrator = self._current.conversation, self._narrator
        if here is None or narrator is None:
            self._show(())
            return
        self._answers.take(narrator.read(here), lambda parts: self._came(here, parts))

    def _came(self, here: ConversationId, parts: tuple[Part, ...]) -> None:
        if here == self._current.conversation:
            self._show(parts)

    def _show(self, parts: tuple[Part, ...]) -> None:
        self.lead.setText(_LEAD if parts else _NONE)
        standing = {part.segment.id: part for part in parts}
        kept: dict[SegmentId, PartCard] = {}
        for card in self.cards:
            part = standing.get(card.id)
            if part is not None and (card.editing or part == card.part):
                card.part = part
                kept[card.id] = card
            else:
                card.hide()
                card.deleteLater()
        self.cards = [
            kept.get(part.segment.id) or self._card(part, number)
            for number, part in enumerate(parts, 1)
        ]
        for number, card in enumerate(self.cards):
            card.busy(False)
            self.column.insertWidget(number, card)  # the problem stays last

    def _card(self, part: Part, number: int) -> PartCard:
        card = PartCard(part, number, self.theme)
        card.edited.connect(self._edit)
        card.rewritten.connect(self._rewrite)
        card.undone.connect(self._undo)
        return card

    # -- verbs

    def _edit(self, segment: int, text: str) -> None:
        here, narrator = self._current.conversation, self._narrator
        if here is not None and narrator is not None:
            narrator.edit(here, SegmentId(segment), text)

    def _rewrite(self, segment: int) -> None:
        here, narrator = self._current.conversation, self._narrator
        if here is not None and narrator is not None:
            next(card for card in self.cards if card.id == segment).busy(True)
            narrator.rewrite(here, SegmentId(segment))

    def _undo(self, segment: int) -> None:
        here, narrator = self._current.conversation, self._narrator
        if here is not None and narrator is not None:
            narrator.undo(here, SegmentId(segment))

    def _follow(self, event: Event) -> None:
        if not self.isVisible():
            return
        match event:
            case NarrativeChanged() | WindFinished() | TurnRefused():
                if event.conversation == self._current.conversation:
                    said = event.error.message if isinstance(event, TurnRefused) else ""
                    self.problem.setText(said)
                    self.problem.setVisible(bool(said))
                    self._read()
            case _:
                pass
