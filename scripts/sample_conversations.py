"""Conversations for screenshots and benchmarks: every construct that answers are made of."""

from app.ui.bench.texts import ATTENTION, RICH

__all__ = ["ATTENTION", "RICH", "SCRIPTS"]

SCRIPTS = """## עברית

זהו משפט **מודגש** בעברית עם `code` באמצע.

- פריט ראשון
- פריט שני
  1. מספר אחת

> ציטוט קצר

## العربية

مرحبا بالعالم، هذا نص عربي.

## 中文与日本語

今天的**天气**很好，`代码` 也没问题。日本語の文章もここに続きます。

## हिन्दी · ไทย · 한국어

नमस्ते दुनिया · สวัสดีชาวโลก · 안녕하세요 세계

Emoji: 👩‍👩‍👧 🏳️‍🌈 👍🏽 and combining: é ñ.
"""
