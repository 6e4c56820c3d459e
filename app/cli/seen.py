"""What the model sees of a stored chat, for `llama-chat chats show --as-seen`.

Reads beside an open window. With a model it counts exactly, in an engine of its own; without
one it estimates, and says so.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.bootstrap.rooms import open_rooms
from app.chat.budget import Budget
from app.chat.rough import Rough
from app.chat.scale import Scale
from app.chat.seen import Account
from app.chat.tools import Toolbox, built_in
from app.cli.naming import model_to_run
from app.core.ids import ConversationId
from app.core.paths import find_folders
from app.core.settings import Settings
from app.storage import messages
from app.storage.database import Reader
from app.storage.messages import StoredMessage
from app.storage.settings_file import SettingsFile

_WIDTH = 60


class Seen(msgspec.Struct, frozen=True):
    account: Account
    branch: tuple[StoredMessage, ...]


def look(db: Reader, chat: ConversationId, model: str) -> Seen:
    """`model` empty: estimated."""
    branch = db.read(lambda tx: tuple(messages.path(tx, chat))).result()
    settings = SettingsFile(find_folders().settings).value
    if model:
        account = _counted(db, chat, model_to_run(model), settings)
    else:
        budget = Budget(settings.models.chat_ctx, settings.wind)
        scale = Scale(db, Rough(), lambda: budget, _toolbox(settings), exact=False)
        account = scale.account(chat)
    return Seen(account, branch)


def lines(seen: Seen) -> Sequence[str]:
    account = seen.account
    about = "" if account.exact else "about "
    share = (account.total + account.reserve) / account.chat_ctx
    heads = {
        "system": account.system,
        "tools": account.tools,
        "narrative": account.narrative,
        "facts": account.ledger,
    }
    used = f"{about}{account.total:,} of {account.chat_ctx:,} tokens"
    told = [f"{used}, {account.reserve:,} more kept for the reply: {share:.0%}"]
    told += [f"{name:10}{tokens:>9,}" for name, tokens in heads.items() if tokens]
    for each, stored in zip(account.messages, seen.branch, strict=True):
        said = " ".join(stored.message.text.split())
        short = said if len(said) <= _WIDTH else said[: _WIDTH - 1] + "…"
        told.append(f"{each.seen:10}{each.tokens:>9,}  {stored.message.role:9}  {short}".rstrip())
    return told


def _counted(db: Reader, chat: ConversationId, path: Path, settings: Settings) -> Account:
    with open_rooms(lambda _: None, temporary=True) as rooms:
        budget = Budget(rooms.load(path).result().chat_ctx, settings.wind)
        # Whatever model the chat names, it is this one that was asked for.
        scale = Scale(db, rooms.pool, lambda: budget, _toolbox(settings), model=str(path))
        return scale.account(chat)


def _toolbox(settings: Settings) -> Toolbox:
    return Toolbox(built_in(), lambda: settings.tools)
