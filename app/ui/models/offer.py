"""A model of the hub: what it is, its quantizations judged for this machine, its README.

Main thread. Everything comes from the shelf when it is there: the name at once, then the files,
then the labels, the README beside them. An answer for a model that is no longer shown is dropped.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.errors import HubError, to_info
from app.core.fit import Fit, arithmetic
from app.hub.catalog import Listing, Offer
from app.hub.references import Reference
from app.hub.variants import Variant
from app.ui.bridge import Answers
from app.ui.controls import Elided
from app.ui.models.figures import many, size
from app.ui.models.rows import RowList
from app.ui.models.shelf import Judgement, Shelf
from app.ui.models.words import fit_label, variant_key, variant_row
from app.ui.theme import Theme
from app.ui.transcript.items import OpenLink
from app.ui.transcript.reader import Reader

_ROWS = 6  # quantizations shown before the list scrolls
_LOGIN_HELPS = ("gated", "missing")  # states of the hub's errors
_BEST_PROJECTORS = ("F16", "BF16", "Q8_0", "F32")


class OfferView(QWidget):
    login_wanted = Signal()

    def __init__(
        self,
        shelf: Shelf,
        is_here: Callable[[str, Variant], bool],
        open_link: Callable[[str], object],
        theme: Theme,
    ) -> None:
        super().__init__()
        self._shelf = shelf
        self._is_here = is_here
        self._open_link = open_link
        self._theme = theme
        self._answers = Answers(self)
        self._shown = 0  # which model is shown, so that late answers are told apart
        self.reference: Reference | None = None
        self._listing: Listing | None = None
        self._offer: Offer | None = None
        self._judgement: Judgement | None = None
        self._preselected = ""  # chosen by nobody, so the recommendation may replace it
        self.title = Elided()
        self._byline = _small()
        self.note = _small()
        self.log_in = QPushButton("Log in at the hub…")
        self.variants = RowList("Quantizations", theme)
        self.download = QPushButton("Download")
        self.eyes = QCheckBox("With the part that sees pictures")
        self.readme = Reader(theme)
        self._lay_out()
        self.variants.chosen.connect(self._show_button)
        self.variants.opened.connect(self._start)
        self.download.clicked.connect(self._start)
        self.readme.requested.connect(self._requested)
        self.log_in.clicked.connect(self._wants_login)

    def _lay_out(self) -> None:
        self.title.setProperty("kind", "title")
        self.download.setProperty("kind", "primary")
        self.log_in.setProperty("kind", "link")
        self.readme.setAccessibleName("README")
        buttons = QHBoxLayout()
        buttons.addWidget(self.download)
        buttons.addWidget(self.eyes)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 16, 0)
        column.setSpacing(6)
        for part in (self.title, self._byline, self.note):
            column.addWidget(part)
        column.addWidget(self.log_in, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.variants)
        column.addLayout(buttons)
        column.addWidget(self.readme, 1)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.variants.set_theme(theme)
        self.readme.set_theme(theme)
        self._fit_variants()

    # -- what it shows

    def show_model(self, reference: Reference, listing: Listing | None = None) -> None:
        self._shown += 1
        shown = self._shown
        self.reference, self._listing = reference, listing
        self._offer = self._judgement = None
        self.title.setText(reference.repository)
        self._byline.setText(_byline(listing) if listing else "")
        self._byline.setVisible(listing is not None)
        self._say("Asking the hub…")
        self.variants.show_rows(())
        self.variants.hide()
        self.log_in.hide()
        self.download.hide()
        self.eyes.hide()
        self.readme.show_text("")
        self._answers.take(
            self._shelf.offer(reference),
            lambda offer: self._offered(shown, offer),
            lambda error: self._failed(shown, error),
        )
        self._answers.take(
            self._shelf.readme(reference),
            lambda text: self._read(shown, text),
            lambda _: None,  # the files may still be there: their answer says what is wrong
        )

    def ask_again(self) -> None:
        """Somebody may have logged in since it was refused."""
        if self.reference is not None and not self.log_in.isHidden():
            self.show_model(self.reference, self._listing)

    def refresh(self) -> None:
        """What is on this computer has changed."""
        self._show_variants()

    def _offered(self, shown: int, offer: Offer) -> None:
        if shown != self._shown:
            return
        self._offer = offer
        if not offer.variants:
            self._say("There is no GGUF model in it.")
            return
        self._say("Reading how large it gets in memory…")
        self.eyes.setVisible(bool(offer.projectors))
        self.eyes.setChecked(True)
        self._show_variants()
        wanted = self.reference.quantization if self.reference else ""
        self.variants.choose(variant_key(_preferred(offer, wanted)))
        self._preselected = "" if wanted else self.variants.key
        self._answers.take(
            self._shelf.judge(offer),
            lambda judgement: self._judged(shown, judgement),
            lambda error: self._failed(shown, error),
        )

    def _judged(self, shown: int, judgement: Judgement) -> None:
        if shown != self._shown:
            return
        self._judgement = judgement
        best = judgement.recommendation
        name = best.judged.variant.quantization or best.judged.variant.title
        self._say(f"{name} is recommended for this computer: {best.why}.")
        self._show_variants()
        if self.variants.key == self._preselected:
            self.variants.choose(variant_key(best.judged.variant))

    def _failed(self, shown: int, error: BaseException) -> None:
        if shown == self._shown:
            self._say(to_info(error).message)
            helps = isinstance(error, HubError) and error.details.get("state") in _LOGIN_HELPS
            self.log_in.setVisible(helps)

    def _wants_login(self) -> None:
        self.login_wanted.emit()

    def _read(self, shown: int, text: str) -> None:
        if shown == self._shown:
            self.readme.show_text(text)

    def _say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))

    # -- quantizations

    def _show_variants(self) -> None:
        offer = self._offer
        if offer is None:
            return
        fits: dict[str, Fit] = {}
        best = ""
        if self._judgement is not None:
            fits = {variant_key(one.variant): one.fit for one in self._judgement.judged}
            best = variant_key(self._judgement.recommendation.judged.variant)
        rows = [
            variant_row(
                variant,
                fits.get(variant_key(variant)),
                recommended=variant_key(variant) == best,
                installed=self._is_here(offer.repository, variant),
                tip=_tip(fits.get(variant_key(variant))),
            )
            for variant in offer.variants
        ]
        self.variants.show_rows(rows)
        self.variants.show()
        self._fit_variants()
        self._show_button()

    def _fit_variants(self) -> None:
        count = min(len(self.variants.rows.rows), _ROWS)
        self.variants.setFixedHeight(round(count * self._theme.px(34) + 4))

    def _chosen(self) -> Variant | None:
        offer = self._offer
        found = offer.variants if offer else ()
        return next((each for each in found if variant_key(each) == self.variants.key), None)

    def _show_button(self) -> None:
        variant = self._chosen()
        self.download.setVisible(variant is not None)
        if variant is None or self._offer is None:
            return
        here = self._is_here(self._offer.repository, variant)
        name = variant.quantization or variant.title
        self.download.setText(
            f"{name} is on this computer" if here else f"Download {name} · {size(variant.size)}"
        )
        self.download.setEnabled(not here)

    def _start(self) -> None:
        variant, offer = self._chosen(), self._offer
        if variant is None or offer is None or not self.download.isEnabled():
            return
        projector = _projector(offer) if self.eyes.isVisible() and self.eyes.isChecked() else None
        self._answers.take(
            self._shelf.start(offer.repository, variant, projector),
            lambda _: None,
            lambda error: self._say(to_info(error).message),
        )

    def _requested(self, request: object) -> None:
        if isinstance(request, OpenLink):
            self._open_link(request.url)


def _preferred(offer: Offer, quantization: str) -> Variant:
    wanted = quantization.upper()
    named = next((each for each in offer.variants if each.quantization == wanted), None)
    return named or offer.choose()


def _projector(offer: Offer) -> Variant | None:
    def rank(one: Variant) -> tuple[int, int]:
        known = one.quantization in _BEST_PROJECTORS
        return (
            _BEST_PROJECTORS.index(one.quantization) if known else len(_BEST_PROJECTORS),
            one.size,
        )

    return min(offer.projectors, key=rank, default=None)


def _byline(listing: Listing) -> str:
    parts = (
        f"{many(listing.parameters)} parameters" if listing.parameters else "",
        listing.architecture,
        f"trained for {listing.trained_ctx:,} tokens" if listing.trained_ctx else "",
        listing.licence,
        f"{listing.downloads:,} downloads",
        f"{listing.likes:,} likes",
        f"updated {listing.updated}" if listing.updated else "",
    )
    return " · ".join(part for part in parts if part)


def _tip(fit: Fit | None) -> str:
    return "" if fit is None else "\n".join([fit_label(fit), *arithmetic(fit)])


def _small() -> QLabel:
    label = QLabel()
    label.setProperty("kind", "small")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
