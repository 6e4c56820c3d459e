"""The stylesheet of the widgets Qt paints for us, made from the theme. Text only.

Widgets are told apart by object name or by the `kind` property; what we paint ourselves
(transcript, list rows) takes its colours from the theme directly.
"""

from app.ui.page_style import pages
from app.ui.theme import RADIUS, SMALL, Theme


def stylesheet(theme: Theme) -> str:
    parts = (_base, _buttons, _fields, _menus, _panels, pages)
    return "".join(part(theme) for part in parts)


def _base(theme: Theme) -> str:
    c = theme.colors
    family = f'font-family: "{theme.family}";' if theme.family else ""
    return f"""
    QMainWindow, QDialog {{ background: {c.window}; }}
    QWidget {{ color: {c.text}; font-size: {theme.points:g}pt; {family} }}
    QLabel {{ background: transparent; }}
    QLabel[kind="small"] {{ color: {c.muted}; font-size: {theme.points * SMALL:g}pt; }}
    QLabel[kind="title"] {{ font-size: {theme.points * 1.5:g}pt; font-weight: 600; }}
    QLabel[kind="heading"] {{ font-weight: 600; }}
    QLabel[kind="danger"] {{ color: {c.danger}; }}
    QToolTip {{ background: {c.surface}; color: {c.text}; border: 1px solid {c.border};
        padding: {theme.px(5):.0f}px {theme.px(7):.0f}px; font-size: {theme.points * SMALL:g}pt; }}
    QSplitter::handle {{ background: transparent; }}
    QSplitter::handle:hover {{ background: {c.accent_soft}; }}
    QScrollBar:vertical {{ background: transparent; width: {theme.px(8):.0f}px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {c.faint}; min-height: {theme.px(28):.0f}px;
        border-radius: {theme.px(2):.0f}px; margin: 0 {theme.px(2):.0f}px; }}
    QScrollBar::handle:vertical:hover {{ background: {c.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    """


def _buttons(theme: Theme) -> str:
    c, radius = theme.colors, theme.px(RADIUS * 0.7)
    return f"""
    QToolButton, QPushButton {{ background: transparent; border: 1px solid transparent;
        border-radius: {radius:.0f}px; padding: {theme.px(5):.0f}px {theme.px(6):.0f}px; }}
    QToolButton:hover, QPushButton:hover {{ background: {c.hover}; }}
    QToolButton:pressed, QPushButton:pressed {{ background: {c.pressed}; }}
    QToolButton:checked {{ background: {c.accent_soft}; }}
    QToolButton:focus, QPushButton:focus {{ border-color: {c.accent}; }}
    QToolButton:disabled, QPushButton:disabled {{ color: {c.faint}; }}
    QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: none; width: 0; }}
    QPushButton {{ text-align: left; }}
    QPushButton[kind="plain"] {{ border: 1px solid {c.border}; text-align: center;
        padding: {theme.px(6):.0f}px {theme.px(12):.0f}px; }}
    QPushButton[kind="plain"]:focus {{ border-color: {c.accent}; }}
    QPushButton[kind="primary"], QToolButton[kind="primary"] {{ background: {c.accent};
        color: {c.on_accent}; text-align: center; }}
    QPushButton[kind="primary"]:hover, QToolButton[kind="primary"]:hover {{
        background: {c.accent_hover}; }}
    QPushButton[kind="primary"]:focus, QToolButton[kind="primary"]:focus {{
        border: 2px solid {c.selection}; }}
    QPushButton[kind="primary"]:disabled, QToolButton[kind="primary"]:disabled {{
        background: {c.hover}; color: {c.faint}; }}
    QPushButton[kind="card"] {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {theme.px(RADIUS):.0f}px; padding: {theme.px(12):.0f}px; }}
    QPushButton[kind="card"]:hover {{ background: {c.hover}; }}
    QPushButton[kind="card"]:focus {{ border-color: {c.accent}; }}
    QPushButton[kind="link"] {{ color: {c.link}; padding: {theme.px(3):.0f}px; }}
    """


def _fields(theme: Theme) -> str:
    c = theme.colors
    return f"""
    QLineEdit {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {theme.px(RADIUS * 0.7):.0f}px; padding: {theme.px(5):.0f}px
        {theme.px(8):.0f}px; selection-background-color: {c.selection};
        selection-color: {c.text}; }}
    QLineEdit:focus {{ border-color: {c.accent}; }}
    QPlainTextEdit {{ background: transparent; border: none; padding: 0;
        selection-background-color: {c.selection}; selection-color: {c.text}; }}
    QProgressBar {{ background: {c.hover}; border: none; border-radius: {theme.px(2):.0f}px;
        max-height: {theme.px(4):.0f}px; min-height: {theme.px(4):.0f}px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: {theme.px(2):.0f}px; }}
    """


def _menus(theme: Theme) -> str:
    c = theme.colors
    return f"""
    QMenu {{ background: {c.surface}; border: 1px solid {c.border};
        padding: {theme.px(5):.0f}px; }}
    QMenu::item {{ padding: {theme.px(6):.0f}px {theme.px(22):.0f}px {theme.px(6):.0f}px
        {theme.px(10):.0f}px; border-radius: {theme.px(5):.0f}px; }}
    QMenu::item:selected {{ background: {c.hover}; }}
    QMenu::item:disabled {{ color: {c.faint}; }}
    QMenu::separator {{ height: 1px; background: {c.border}; margin: {theme.px(5):.0f}px
        {theme.px(8):.0f}px; }}
    QMenu::icon {{ padding-left: {theme.px(8):.0f}px; }}
    """


def _panels(theme: Theme) -> str:
    c = theme.colors
    radius = theme.px(RADIUS)
    return f"""
    #sidebar {{ background: {c.sidebar}; border-right: 1px solid {c.border}; }}
    #chats {{ background: {c.sidebar}; border: none; outline: none; }}
    #chats QLineEdit {{ padding: 0 {theme.px(6):.0f}px; border-radius: {theme.px(5):.0f}px; }}
    #header {{ background: {c.window}; }}
    #transcript, #transcript > QWidget {{ background: {c.window}; }}
    #model {{ font-weight: 600; padding: {theme.px(6):.0f}px {theme.px(10):.0f}px; }}
    #card {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {theme.px(RADIUS * 1.6):.0f}px; }}
    #card[active="true"] {{ border-color: {c.faint}; }}
    #card[temporary="true"] {{ border: 1px dashed {c.muted}; }}
    #card[dropping="true"] {{ border: 2px dashed {c.accent}; background: {c.accent_soft}; }}
    #send {{ border-radius: {theme.px(16):.0f}px; padding: 0; }}
    #chip {{ background: {c.hover}; border-radius: {theme.px(8):.0f}px; }}
    #chip QToolButton, #queued QToolButton {{ padding: {theme.px(2):.0f}px; }}
    #queued {{ background: {c.bubble}; border-radius: {theme.px(RADIUS):.0f}px; }}
    #temporary {{ color: {c.muted}; background: {c.hover};
        border-radius: {theme.px(9):.0f}px; padding: {theme.px(2):.0f}px {theme.px(9):.0f}px;
        font-size: {theme.points * SMALL:g}pt; }}
    #part {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {radius:.0f}px; }}
    #part QPlainTextEdit {{ background: {c.window}; border: 1px solid {c.border};
        border-radius: {radius:.0f}px; padding: {theme.px(6):.0f}px; }}
    #seen {{ background: {c.surface}; alternate-background-color: {c.surface};
        border: 1px solid {c.border}; border-radius: {radius:.0f}px; outline: none; }}
    #seen::item {{ padding: {theme.px(4):.0f}px {theme.px(6):.0f}px; }}
    #seen::item:hover {{ background: {c.hover}; }}
    #seen::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    #seen QHeaderView::section {{ background: {c.surface}; color: {c.muted}; border: none;
        border-bottom: 1px solid {c.border}; padding: {theme.px(5):.0f}px; }}
    #note {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {radius:.0f}px; }}
    #note[tone="danger"] {{ background: {c.danger_soft}; border-color: {c.danger}; }}
    #popup {{ background: {c.surface}; border: 1px solid {c.border}; }}
    """
