"""What a chat template can do: the result of its test renders, kept by the template's hash.

A value; no thread of its own. Always true: it is decided by rendering, never by guessing from
the template's name; the part the app is told about is `report`.
"""

import msgspec

from app.core.protocol import TemplateReport

VERSION = 2  # raised when the test renders change: older results are made again


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    report: TemplateReport = TemplateReport()
    version: int = VERSION
    list_content: bool = False  # wants content as a list of parts
    several_systems: bool = True  # accepts a system message later than the first
    arguments_as_text: bool = False  # wants a call's arguments as JSON text, not as an object
    short_ids: bool = False  # wants call ids of nine letters and digits
