"""Why the app cannot start, for those who started it by a double click. Main thread."""

from PySide6.QtWidgets import QMessageBox


def show_refusal(sentence: str) -> None:
    """A box of its own: there is no window yet that could say it."""
    box = QMessageBox(QMessageBox.Icon.Critical, "Llama Chat", "Llama Chat cannot start.")
    box.setInformativeText(sentence)
    box.exec()
