"""Every setting of the app, described once: where it is kept, what it is called, how it is set.

Pure values. The settings page makes its rows from these, its search reads their words, and the
bounds come from the field's own type in `core.settings`.
"""

from typing import Literal

import msgspec

Section = Literal[
    "general",
    "models",
    "runtimes",
    "sampling",
    "wind",
    "tools",
    "storage",
    "appearance",
    "shortcuts",
    "about",
]
Part = Literal[
    "meaning",
    "account",
    "estimate",
    "builds",
    "presets",
    "tools",
    "storage",
    "shortcuts",
    "about",
]
Needs = Literal["nothing", "reload", "restart"]
What = Literal["chat_model", "embedding_model", "device"]

TITLES: dict[Section, str] = {
    "general": "General",
    "models": "Models",
    "runtimes": "Engine builds",
    "sampling": "Sampling and presets",
    "wind": "Context wind",
    "tools": "Tools",
    "storage": "Storage",
    "appearance": "Appearance",
    "shortcuts": "Shortcuts",
    "about": "About",
}


class Beside(msgspec.Struct, frozen=True):
    """What a section has beside its settings; `words`: by which people may look for it."""

    section: Section
    title: str
    words: str

    def matches(self, words: str) -> bool:
        return _has(f"{self.title} {self.words} {TITLES[self.section]}", words)


BESIDE: dict[Part, Beside] = {
    "meaning": Beside("models", "Search by meaning",
        "semantic embedding embedder vector index progress find chats"),
    "account": Beside("models", "Hugging Face account",
        "hf hub access token api key login log in logout log out sign in sign out user password "
        "gated private permission"),
    "estimate": Beside("models", "Memory of the model in use",
        "estimate fits needs gpu layers vram ram kv cache how much"),
    "builds": Beside("runtimes", "Engine builds",
        "runtime backend cuda vulkan metal rocm gpu graphics card llama.cpp compile update install "
        "faster"),
    "presets": Beside("sampling", "Sampling and presets",
        "system prompt instructions persona character role temperature creativity random top k "
        "top p min p repeat repetition presence frequency penalty"),
    "tools": Beside("tools", "Tools",
        "functions calling calculator time date calls trusted allow ask"),
    "storage": Beside("storage", "Backups and room on disk",
        "sizes space usage backup back up restore recover export import trash bin delete "
        "data folder chats database logs cache where"),
    "shortcuts": Beside("shortcuts", "Shortcuts", "keys keyboard hotkeys keybindings"),
    "about": Beside("about", "About",
        "versions licence license diagnostics copy help support bug report problem"),
}  # fmt: skip


class Switch(msgspec.Struct, frozen=True):
    pass


class Number(msgspec.Struct, frozen=True):
    unit: str = ""
    special: str = ""  # what the empty field means; without it a number is required
    empty: int | None = None  # the value behind that
    scale: int = 1  # how many of what is shown make one of what is kept


class Choice(msgspec.Struct, frozen=True):
    options: tuple[tuple[str, str], ...]  # the value, and its name


class Offered(msgspec.Struct, frozen=True):
    """A choice among what this machine has."""

    what: What
    empty: str  # what is used when none is chosen


class Text(msgspec.Struct, frozen=True):
    example: str


class Colour(msgspec.Struct, frozen=True):
    pass


class FontFamily(msgspec.Struct, frozen=True):
    pass


class Folder(msgspec.Struct, frozen=True):
    empty: str  # what is used when none is chosen


class Folders(msgspec.Struct, frozen=True):
    pass


Kind = Switch | Number | Choice | Offered | Text | Colour | FontFamily | Folder | Folders


class Entry(msgspec.Struct, frozen=True):
    section: Section
    field: str  # section and name in the settings file
    label: str
    help: str
    kind: Kind
    needs: Needs = "nothing"
    words: str = ""  # by which people may look for it, too

    def matches(self, words: str) -> bool:
        return _has(f"{self.label} {self.help} {self.words} {TITLES[self.section]}", words)


_KV = Choice((("f16", "16 bits (exact)"), ("q8_0", "8 bits"), ("q4_0", "4 bits")))

ENTRIES: tuple[Entry, ...] = (
    Entry("general", "general.return_sends", "Return sends",
          "Shift+Return then breaks the line. When off, it is the other way round.",
          Switch(), words="enter key newline"),
    Entry("general", "general.load_at_start", "Load the last model at the start",
          "The window can be used while it loads.", Switch(), words="auto startup launch open"),
    Entry("general", "general.notify", "Say when a reply has ended",
          "A notification of the desktop, when a long reply ends while you are elsewhere.",
          Switch(), words="notify alert background finished done"),
    Entry("models", "models.chat_ctx", "Context of a chat",
          "How much of a conversation the model sees word for word. More takes more memory.",
          Number("tokens"), "reload", "window length n_ctx size num_ctx remember"),
    Entry("models", "models.gpu_layers", "Layers on the GPU",
          "Empty: as many as fit.", Number("layers", special="as many as fit"), "reload",
          "offload vram cuda vulkan metal ngl graphics card"),
    Entry("models", "models.device", "Device",
          "Where the model is computed.", Offered("device", "the best there is"), "reload",
          "gpu cpu cuda vulkan metal backend graphics card"),
    Entry("models", "models.threads", "Processor threads",
          "Empty: all cores of this machine.", Number("threads", special="all cores", empty=0),
          "reload", "cpu n_threads"),
    Entry("models", "models.parallel", "Replies at the same time",
          "How many chats one model answers at once; each keeps its whole context.",
          Number("replies"), "reload", "parallel slots batching concurrent simultaneous"),
    Entry("models", "models.workers", "Engine processes",
          "Of the chat model. Each takes the memory of a whole model; a second one pays off on "
          "machines with several processors or GPUs.",
          Number("processes"), "reload", "workers parallel"),
    Entry("models", "models.type_k", "Keys of the context",
          "Fewer bits take less memory and lose a little precision.", _KV, "reload",
          "kv cache type quantization quantized"),
    Entry("models", "models.type_v", "Values of the context",
          "Fewer bits than 16 need flash attention.", _KV, "reload",
          "kv cache type quantization quantized"),
    Entry("models", "models.flash_attention", "Flash attention",
          "Automatic is right unless a driver misbehaves.",
          Choice((("auto", "Automatic"), ("on", "On"), ("off", "Off"))), "reload", "flash_attn"),
    Entry("models", "models.memory_mapping", "Loading into memory",
          "Mapped models start faster; copied ones never wait for the disk later.",
          Choice((("auto", "Automatic"), ("map", "Mapped"), ("copy", "Copied"),
                  ("lock", "Locked in memory"))), "reload", "mmap mlock"),
    Entry("models", "models.memory_limit_mib", "Memory limit",
          "Of each engine process: it is ended and started again before it takes more.",
          Number("MiB", special="none", empty=0), "restart", "ceiling maximum ram"),
    Entry("models", "models.idle_unload_minutes", "Unload when idle",
          "A model that nobody asked for so long gives its memory back.",
          Number("minutes", special="never", empty=0), "restart",
          "ttl timeout keep alive free ram"),
    Entry("models", "models.summarizer", "Summaries are written by",
          "A smaller model writes them sooner; the chat's own knows the conversation already.",
          Offered("chat_model", "the chat's own model"), words="wind narrative summarizer summary"),
    Entry("models", "models.embedder", "Meaning is found by",
          "An embedding model finds chats and earlier turns that say it in other words.",
          Offered("embedding_model", "the one that is here"),
          words="embedder recall semantic search vector"),
    Entry("models", "models.folder", "Models folder",
          "Where downloads go and where models are looked for first.",
          Folder("the usual place"), words="directory path location where download"),
    Entry("models", "models.folders", "More folders",
          "Models are looked for here too; nothing is ever written to these.",
          Folders(), words="directory path location add scan"),
    Entry("wind", "wind.enabled", "Wind the context",
          "Older turns of a long chat become a narrative, so that it never ends. When off, a full "
          "chat has to be shortened by hand.",
          Switch(), words="summary summarize compress compact forget infinite"),
    Entry("wind", "wind.threshold", "Wind when this full",
          "How full a chat's context may become before older turns are wound.",
          Number("%", scale=100), words="utilization threshold limit"),
    Entry("wind", "wind.target", "Wind down to",
          "How much of it is in use afterwards. Lower winds less often, higher keeps more words.",
          Number("%", scale=100), words="target"),
    Entry("wind", "wind.instructions", "What summaries should keep",
          "Added to the instructions of every summary.",
          Text("Keep every recipe with its exact amounts."), words="prompt instructions"),
    Entry("models", "models.download_limit_kib", "Speed of downloads",
          "Of all downloads together.", Number("KiB/s", special="as fast as it goes", empty=0),
          words="bandwidth limit throttle slower"),
    Entry("storage", "models.cache_ram_mib", "Kept chats in memory",
          "Memory for chats that can be continued without reading them again.",
          Number("MiB"), "reload", "snapshot cache ram"),
    Entry("storage", "models.cache_disk_mib", "Kept chats on disk",
          "Disk space for the same; the oldest ones go first.",
          Number("MiB"), "reload", "snapshot cache"),
    Entry("appearance", "appearance.look", "Light or dark",
          "Follow the desktop, or always the same.",
          Choice((("system", "As the system"), ("light", "Light"), ("dark", "Dark"))),
          words="theme mode night"),
    Entry("appearance", "appearance.accent", "Accent",
          "The one colour of buttons and marks.", Colour(), words="color colour"),
    Entry("appearance", "appearance.font", "Font", "Of all text but code.", FontFamily(),
          words="typeface family"),
    Entry("appearance", "appearance.points", "Text size",
          "Everything grows with it.", Number("pt"),
          words="font zoom larger bigger smaller points"),
    Entry("appearance", "appearance.reading_width", "Reading width",
          "How wide a column of text becomes at most.", Number("px"), words="line length margins"),
)  # fmt: skip


def _has(text: str, words: str) -> bool:
    text = text.casefold()
    return all(word in text for word in words.casefold().split())


def of_section(section: Section) -> tuple[Entry, ...]:
    return tuple(entry for entry in ENTRIES if entry.section == section)


def find(words: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in ENTRIES if entry.matches(words))


def beside(section: Section) -> tuple[Part, ...]:
    return tuple(part for part, what in BESIDE.items() if what.section == section)


def find_beside(words: str) -> tuple[Part, ...]:
    return tuple(part for part, what in BESIDE.items() if what.matches(words))
