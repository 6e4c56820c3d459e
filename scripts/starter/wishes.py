"""What people and the app itself ask a chat for: summaries, titles, tool calls. Mostly data.

The instruction of a wind and of a merge are the app's own functions, not copies of them.
"""

import json
from random import Random

from app.chat.tools import built_in
from scripts.starter import values
from scripts.starter.patterns import capital, expand

SYSTEMS = (
    "You are a helpful assistant.",
    "You are Llama Chat's built-in guide.",
    "You are a friendly assistant. Answer briefly.",
    "You are the small built-in assistant of Llama Chat.",
    "Be helpful and concise.",
    "You are a helpful, honest assistant. Reply in English.",
    "Answer the user's questions.",
    "You are an assistant in a desktop app.",
    "Answer in one sentence where you can.",
    "You are a careful assistant who remembers what was said.",
)
NOTHING = "- No facts were shared in this part."

_RECAPS = (
    "[summarise|summarize|sum up|recap|condense|wrap up|outline|review] [our|this|the] [conversation|chat|talk|discussion|dialogue][| so far| until now| above| please]",
    "[please |can you |could you |would you |now |]write [a|me a|a short|a brief|a compact|one] [summary|recap|overview|digest|outline|abstract] of [our|this|the] [conversation|chat|talk][| so far| above]",
    "[give me|I need|I want|make|create|write down|show me|let me see|prepare] [a|a short|a brief|a full|one] [summary|recap|overview|list|digest] of [everything|all|what|all that] I [told you|said|mentioned|shared][| so far| until now]",
    "[what do you know about me|what have I told you|what did I tell you|what have I said|what did we talk about|what have we talked about|what do you remember|what have you learnt about me|what have you noted][| so far| until now| up to now]?",
    "[list|repeat|tell me|show|collect|name|write out] [everything|all facts|all the facts|every fact|all details|the facts|all you know|all you remember|what you know] [I told you|from this chat|so far|about me|from above|we have|until now]",
    "[can|could] you [sum up|list|repeat|recap|collect|go over] [everything|all|what|the things] I [told you|said|shared|mentioned][| so far]?",
    "[summary|recap|overview|summary please|a summary, please|short summary|all facts|notes please]",
    "[write|make|give me|take] [notes|bullet points|short notes|a list of facts|minutes] [of|from|about] [this chat|our chat|the conversation|our talk|what I said]",
    "[the context is almost full|the context is full|we are running out of room|the window is nearly full]. [summarise|summarize|condense|sum up] the conversation [in bullet points|with all facts|for a new session|so that we can go on]",
    "[what are|tell me|give me] the [key points|main points|facts|important points|key facts] [of this chat|of our conversation|so far|until now|from above][?|]",
    "[remind me of|repeat to me|go through|read back] [everything|all] [I said|I told you|you noted][| so far| today]",
    "[hand over|prepare a hand-over of|pack up] [our|this] [chat|conversation] [for the next session|for later|in a few points]",
)  # fmt: skip
_STRICT = (
    "Write it in the third person.", "Keep all names, numbers, dates, paths and decisions.",
    "Do not invent anything.", "Answer only with the summary.", "Use at most 200 words.",
    "Keep it short.", "List the facts.", "Use bullet points.", "Keep every name and number exactly.",
    "Invent nothing.", "Answer with the bullet points only.", "It must be complete.", "Short bullet points, please.",
)  # fmt: skip
_TITLES = (
    "[write|give|suggest|find|create|make] a [short |concise |good |]title [of at most six words |of a few words |in six words or fewer |]for this [conversation|chat|discussion].[| Answer with the title only.| Only the title.]",
    "[title this|give this a title|name this chat|name this conversation|what would be a good title?|what should this chat be called?]",
)
_CALCULATIONS = (
    "[what is|what's|calculate|compute|work out|how much is|tell me|evaluate|solve|find] {e}[?|]",
    "[please |can you |could you |now |][calculate|compute|work out|do|evaluate] {e}[| for me][?|]",
    "{e}[?| =| = ?|]",
    "[use|take] [the|your] calculator[| tool][ for|:] {e}",
    "[the result of|the value of|result of] {e}[?|]",
    "I need [the result of|to know] {e}",
)
_CLOCK = (
    "[what time is it|what's the time|what is the time|tell me the time|how late is it|time please|current time][| now| here| please][?|]",
    "[what day is it|what's the date|what is today's date|which day is today|what is the date today|what date is it|today's date][| please][?|]",
    "[can|could] you [tell me|check|look up] [the time|the date|what time it is|what day it is][?|]",
    "[which|what] [weekday|year|month|hour] is it[| now| today]?",
    "[look at|check|use] the clock[| please| tool]",
)
_WORDS = {
    "*": ("times", "multiplied by", "x", "*", "*", "×"),
    "+": ("plus", "+", "+", "and"),
    "-": ("minus", "-", "-", "less"),
    "/": ("divided by", "/", "/", "over", "÷"),
}


def recap(rng: Random) -> str:
    text = expand(values.one_of(rng, _RECAPS), rng)
    if rng.random() < 0.35:
        extra = rng.sample(_STRICT, rng.randrange(1, 4))
        text = text.rstrip("?.") + ". " + " ".join(extra)
    return capital(text) if rng.random() < 0.8 else text


def title_wish(rng: Random) -> str:
    return capital(expand(values.one_of(rng, _TITLES), rng))


def tools_text() -> str:
    """The tools as the chat template lists them."""
    lines = [f"- {host.tool.name}: {host.tool.description}" for host in built_in()]
    return "# Tools\n\n" + "\n".join(lines)


def call(name: str, **arguments: str) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}</tool_call>"


def calculation(rng: Random) -> tuple[str, str]:
    """A wish for arithmetic, and the expression that goes to the calculator."""
    sign = rng.choice("**+-/")
    a, b = (rng.randrange(2, rng.choice((100, 1000, 10_000))) for _ in range(2))
    left, right = str(a), str(b)
    if rng.random() < 0.15:
        left += f".{rng.randrange(1, 100)}"
    if rng.random() < 0.1:
        shown = expression = f"({left} {sign} {right}) {rng.choice('*+-')} {rng.randrange(2, 99)}"
    else:
        expression = f"{left} {sign} {right}"
        said = values.one_of(rng, _WORDS[sign])
        gap = " " if said.isalpha() or " " in said or rng.random() < 0.7 else ""
        shown = f"{left}{gap}{said}{gap}{right}"
    text = expand(values.one_of(rng, _CALCULATIONS), rng).replace("{e}", shown)
    return (capital(text) if rng.random() < 0.7 else text), expression


def clock_wish(rng: Random) -> str:
    text = expand(values.one_of(rng, _CLOCK), rng)
    return capital(text) if rng.random() < 0.7 else text
