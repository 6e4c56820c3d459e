"""The only kind of QTextDocument the transcript makes: it loads nothing, whatever it is told.

Main thread. Qt opens files named by a text; returning None from `loadResource` falls back to
that loading, so every request is answered with a real value: our formula or one blank pixel.
"""

from typing import Any

from PySide6.QtCore import QByteArray, QUrl
from PySide6.QtGui import QFont, QImage, QTextDocument, QTextOption

_IMAGE = QTextDocument.ResourceType.ImageResource.value


def _blank() -> QImage:
    image = QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    return image


class Document(QTextDocument):
    def __init__(self, font: QFont, *, wrap: bool = True) -> None:
        super().__init__()
        self._images: dict[str, QImage] = {}
        self.setUndoRedoEnabled(False)
        self.setDocumentMargin(0)
        self.setDefaultFont(font)
        option = QTextOption()
        option.setWrapMode(
            QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
            if wrap
            else QTextOption.WrapMode.NoWrap
        )
        self.setDefaultTextOption(option)

    def keep_image(self, name: str, image: QImage) -> None:
        self._images[name] = image

    def loadResource(
        self,
        type: int,
        name: QUrl | str,
    ) -> Any:
        if type != _IMAGE:
            return QByteArray()
        key = name if isinstance(name, str) else name.toString()
        return self._images.get(key) or _blank()

    @property
    def length(self) -> int:
        return self.characterCount() - 1
