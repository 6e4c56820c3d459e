"""The stylesheet of the pages around the conversation, made from the theme. Text only."""

from app.ui.theme import RADIUS, Theme


def pages(theme: Theme) -> str:
    c, px = theme.colors, theme.px
    radius = px(RADIUS * 0.7)
    return f"""
    #page, #pageBody, #pageScroll, #pageScroll > QWidget {{ background: {c.window}; }}
    #sections, #rows {{ background: transparent; border: none; outline: none; }}
    #sections::item {{ padding: {px(7):.0f}px {px(10):.0f}px; border-radius: {radius:.0f}px;
        color: {c.text}; }}
    #sections::item:hover {{ background: {c.hover}; }}
    #sections::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    #sections::item:selected:focus {{ border: 1px solid {c.accent}; }}
    QPushButton[kind="primary"] {{ padding: {px(6):.0f}px {px(13):.0f}px; }}
    #palette {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {px(RADIUS * 1.3):.0f}px; }}
    #lines {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {radius:.0f}px; padding: {px(5):.0f}px; }}
    #lines:focus {{ border-color: {c.accent}; }}
    QComboBox {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {radius:.0f}px; padding: {px(5):.0f}px {px(10):.0f}px; }}
    QComboBox:focus {{ border-color: {c.accent}; }}
    QComboBox::drop-down {{ border: none; width: {px(20):.0f}px; }}
    QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.border};
        selection-background-color: {c.hover}; selection-color: {c.text}; outline: none; }}
    """
