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
    "[you are about to lose|soon you will no longer see|the app will drop|we are going to cut] the [earlier|older|previous|first] [messages|turns|part of the chat]. [Write down|Note|Save|Put on paper] [what matters|what must not be lost|everything worth keeping|what you will need later]",
    "[condense|distil|boil down|shrink|reduce|turn] the [dialogue|exchange|messages|conversation] above [into|to] [notes for your future self|a few lines|its essentials|a compact memo|what is needed to go on]",
    "what [should|must|would|does] [a newcomer|someone new|a colleague who takes over|the next assistant|a reader who missed this chat] [have to know|need to know|want to know] [about me|from our chat|about this conversation]?",
    "[compress|squeeze|shorten|cut down] [the history|this thread|the messages so far|our exchange|the transcript] [to a handful of lines|without losing facts|so that less room is needed|as far as you can|into a short note]",
    "before we [go on|continue|move on|carry on|change the subject], [tell me where we stand|run through what I gave you|say what you have so far|put together what I told you|sum up where we are][, please|]",
    "[tl;dr|tldr|tl;dr please|the gist, please|in short|long story short|the essence of this chat|short version of our talk|the story so far|bring me up to date]",
    "1. [Read|Go through|Look at] the [messages|conversation|chat] above. 2. [Pick out|Collect|Find] the [facts|details|things the user said]. 3. [Write|List] them [as short bullet points|one per line|in a list]",
    "[you are a note taker|you are a careful secretary|your role is to keep the minutes|you act as the archivist of this chat|you are a summariser]. [Note down|Record|Write up|Set down] [what the user shared|what was said|the facts of this conversation|all that was mentioned]",
    "[your task|your job|the task] [now is|is] to [produce|write|draw up|put together] a [summary|digest|record|condensed version] of the [conversation|messages|exchange] [above|so far|between the user and you]",
    "[create|produce|generate|compile|draw up] a [detailed|compact|faithful|structured|concise] [summary|account|record|synopsis|report] of [this|the|our] [conversation|session|exchange|thread][| so far| up to this point]",
    "[the messages above|the messages before this one|all earlier turns] will be [deleted|replaced by your answer|removed|forgotten]. [Keep|Preserve|Save|Retain] [what was said about the user|the important details|every fact in them|what we need to go on]",
    "[extract|gather|pull out|compile|pick out] [all|the|every one of the] [facts|details|pieces of information] [the user gave|I gave you|that came up|mentioned so far|in this conversation]",
    "[what's|what is] [on record|in your notes|the state of things|worth remembering] [so far|from this chat|at this point|about me][?|]",
    "[if you had to|suppose you had to|imagine you had to] [explain|retell|describe|report] this [chat|conversation|session] [to a stranger|to a colleague|in a minute|to somebody new], what would you [say|tell them|mention][?|]",
    "[I lost track|I forgot what I wrote|I just came back|I was away for a while|remind me]: what [did we cover|did I tell you|came up so far|have we been over][?|]",
    "[go back over|look back at|reread|look through] [this|our|the whole] [chat|conversation|talk] and [list|give me|note|write down] [what I shared|the facts|what is important|what you learnt]",
    "[put|bring|get|pack] [the essentials|the essence|the important parts|the facts] [of this chat|of our conversation|from above] into [a few lines|a note|a short text|bullet points]",
    "[we will continue|we go on|I will carry on] in a [new|fresh|separate] [chat|session|window]. [Write|Prepare|Give me] [a note|a briefing|the background|a memo] [I can paste there|for it|with all that is known]",
    "[merge|combine|join|bring together] [the notes|what was said|the facts above|these messages] into [one list|a single summary|one short text][| without repeating anything]",
    "[context|memory|token] [limit reached|limit almost reached|is running low|is nearly used up]: [summarise|compress|condense|shorten] [what came before|the chat|everything above|earlier messages]",
    "[list|state|note|put down], [in order|point by point|one by one|line by line], [what the user said|what I have told you|what we know by now|what this chat contains]",
    "[act as|be|imagine you are] [my memory|my secretary|a reporter|a clerk] and [write down|record|list|report] [what I told you|what was said here|the facts of this chat]",
    "[a handover|a briefing|a protocol|minutes|a status report|a fact sheet] [of this chat|of our conversation|on what I told you|for the next assistant][, please|]",
    "[so|ok|right|well], [what have we got|where are we|what do you have on me|what do we know|what have you gathered][| so far| by now| up to here]?",
    "[the following|what follows|below] is [not needed|the end of this part]. [Please summarise|Summarise|Recap|Sum up] the [part above|conversation up to here|discussion before it] [for later use|so nothing gets lost|as notes]",
    "[help me|help us|I'd like to|let's] [keep track of|get an overview of|look back on|take stock of] [what was said|this conversation|what I told you|our chat]",
    "[I'd like|I would like|could I get|may I have|please provide] [a rundown|an overview|a short account|a round-up|a written record] of [what I have told you|this chat|the conversation to date|what you know about me]",
    "[in|using|with] [three sentences|a few words|five lines|one paragraph|bullet points], [what was this chat about|say what I told you|restate the conversation|sum up what we said|retell our talk]",
    "This [chat|conversation|session] [has grown too long|is getting long|no longer fits]. [Reply with|Produce|Write] [a short text|a summary|a few bullet points|notes] that [can stand in for|will replace|keeps the sense of] the [old|earlier|first] messages. [Include|Mention|Keep] [names, numbers and dates|what the user told you|all decisions and facts].",
    "[Pause|Stop|Wait] [here|for a moment|now]. [Before you answer anything else|Instead of a reply|As your next message], [write down|list|give] [the facts you know about the user|what has been said|all that you have been told].",
    "[Another model|Someone else|A new session] will [continue|take over|pick up] from here [and sees only your answer|without the messages above]. [Tell it|Leave it|Write down] [what it must know|everything that was said about the user|the facts gathered so far].",
    "Below [this line|the messages] [nothing|no earlier message] will be kept. [State|List|Write] [briefly|in plain words|in full] what the user [said|told you|shared], [so nothing is lost|one fact after the other|with every name and number].",
)  # fmt: skip
_STRICT = (
    "Write it in the third person.", "Keep all names, numbers, dates, paths and decisions.",
    "Do not invent anything.", "Answer only with the summary.", "Use at most 200 words.",
    "Keep it short.", "List the facts.", "Use bullet points.", "Keep every name and number exactly.",
    "Invent nothing.", "Answer with the bullet points only.", "It must be complete.", "Short bullet points, please.",
    "Leave out greetings and small talk.", "No introduction and no closing words.", "One fact per line.",
    "Do not address the user.", "Preserve codes, paths and spellings as they are.", "Stay under 150 words.",
    "Do not ask anything back.", "Mention who said what only where it matters.", "Skip what was asked, keep what is known.",
    "Use the newest value where something was corrected.", "Plain text, no headings.", "Nothing else.",
    "Write it so that the chat can go on from it.", "Do not comment on it.", "Be brief but leave nothing out.",
)  # fmt: skip
_TITLES = (
    "[write|give|suggest|find|create|make] a [short |concise |good |]title [of at most six words |of a few words |in six words or fewer |]for this [conversation|chat|discussion].[| Answer with the title only.| Only the title.]",
    "[title this|give this a title|name this chat|name this conversation|what would be a good title?|what should this chat be called?]",
    "[come up with|think of|propose|pick|generate] a [short|fitting|brief|clear|good] [title|name|heading|headline] for [this|our|the] [chat|conversation|discussion|thread][.|, please.| in at most five words.| and answer with nothing else.]",
    "[which|what] [title|name|heading] [fits|suits|describes|would suit] [this|our] [chat|conversation|talk][| best]?",
    "in [three to six|at most five|a few|no more than six] words, [name|title|what is the topic of|label] this [chat|conversation|discussion].[| No quotes.| No full stop.| Only the title.]",
    "[name the topic of|label|put a heading on|find a name for] [this|our|the] [chat|conversation|dialogue] [in a few words|for the sidebar|for the chat list|in six words or fewer].[| No quotation marks.| Nothing but the name.]",
    "[title|a title|short title|a name|a heading] for this [chat|conversation|talk][, please|, max six words|, no quotes|]",
)
_CALCULATIONS = (
    "[what is|what's|calculate|compute|work out|how much is|tell me|evaluate|solve|find] {e}[?|]",
    "[please |can you |could you |now |][calculate|compute|work out|do|evaluate] {e}[| for me][?|]",
    "{e}[?| =| = ?|]",
    "[use|take] [the|your] calculator[| tool][ for|:] {e}",
    "[the result of|the value of|result of] {e}[?|]",
    "I need [the result of|to know] {e}",
    "[what do I get for|what comes out of|what is the outcome of|do you know] {e}?",
    "[quickly|just|let's] [calculate|work out|compute] {e}[, please|]",
    "[calculator|sum|maths]: {e}",
    "{e} [makes|gives|comes to] [what|how much]?",
)
_CLOCK = (
    "[what time is it|what's the time|what is the time|tell me the time|how late is it|time please|current time][| now| here| please][?|]",
    "[what day is it|what's the date|what is today's date|which day is today|what is the date today|what date is it|today's date][| please][?|]",
    "[can|could] you [tell me|check|look up] [the time|the date|what time it is|what day it is][?|]",
    "[which|what] [weekday|year|month|hour] is it[| now| today]?",
    "[look at|check|use] the clock[| please| tool]",
    "[do you know|do you have|could I get|give me] [the time|today's date|the current time|the date and time][| please][?|]",
    "[I need|I'd like|I want] [to know the time|the exact time|today's date|the current date|to know the weekday][| please| right now]",
    "[date and time|local time|the hour|weekday today|date today|the time now][?|, please|]",
    "is it [already|still] [noon|midnight|past six|Monday|Friday|the weekend|December]?",
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
