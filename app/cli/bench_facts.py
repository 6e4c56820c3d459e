"""Facts as people say them in passing, each with a question and what the answer must hold.

Two sets of forty, five of each of eight kinds. Neither was written for the ledger's patterns,
and the patterns are not to be written for them: they measure, they do not teach.
"""

import random
from typing import NamedTuple

from app.chat import ledger
from app.chat.prompt import Composition

PLACES = ("ledger", "segment", "recall", "verbatim")


class Fact(NamedTuple):
    kind: str
    said: str
    question: str
    answer: str


FIRST: tuple[Fact, ...] = (
    Fact(
        "name",
        "btw the neighbour's cat goes by Professor Plum",
        "What is the neighbour's cat called?",
        "Professor Plum",
    ),
    Fact(
        "name",
        "We hired Ingrid Vasquez-Holm to run the kitchen.",
        "Who runs the kitchen?",
        "Ingrid Vasquez-Holm",
    ),
    Fact(
        "name",
        "my thesis supervisor, Dr Okonkwo, is on leave until spring",
        "Who is my thesis supervisor?",
        "Okonkwo",
    ),
    Fact("name", "The boat we rented was the Sea Otter.", "Which boat did we rent?", "Sea Otter"),
    Fact("name", "I grew up in Zwolle and moved away later.", "Where did I grow up?", "Zwolle"),
    Fact(
        "number",
        "It took us 37 tries to get the sourdough right.",
        "How many tries did the sourdough take?",
        "37",
    ),
    Fact(
        "number", "The rent went up to 1,385 euros this year", "How much is the rent now?", "1,385"
    ),
    Fact(
        "number", "our tank holds 54 litres when full", "How much does the tank hold?", "54 litres"
    ),
    Fact(
        "number", "I weigh the flour, always 612 grams.", "How much flour do I weigh?", "612 grams"
    ),
    Fact(
        "number",
        "There were about 2300 people at the concert.",
        "How many people were at the concert?",
        "2300",
    ),
    Fact(
        "date",
        "The lease ends on 30 September 2028.",
        "When does the lease end?",
        "30 September 2028",
    ),
    Fact(
        "date",
        "Grandma's birthday is 1941-05-17, remember?!",
        "When was grandma born?",
        "1941-05-17",
    ),
    Fact("date", "the plumber comes thursday at 8:40", "When does the plumber come?", "8:40"),
    Fact(
        "date", "Our wedding was in June 2014, in the rain.", "When was our wedding?", "June 2014"
    ),
    Fact("date", "The exam got moved to 3 Feb.", "When is the exam?", "3 Feb"),
    Fact(
        "path",
        "the scans ended up in /mnt/archive/scans/2019/box4",
        "Where are the scans?",
        "/mnt/archive/scans/2019/box4",
    ),
    Fact(
        "path",
        "Open C:\\Tools\\meter\\calib.ini and look at line two.",
        "Which file has the calibration?",
        "C:\\Tools\\meter\\calib.ini",
    ),
    Fact(
        "path",
        "Everything is driven by ./infra/deploy.yaml these days",
        "What drives the deployment?",
        "./infra/deploy.yaml",
    ),
    Fact("path", "logs go to ~/logs/pump.log", "Where do the pump logs go?", "~/logs/pump.log"),
    Fact(
        "path",
        "The photo is called IMG_2047.heic, top shelf folder.",
        "What is the photo called?",
        "IMG_2047.heic",
    ),
    Fact(
        "url",
        "docs are at https://wiki.example.net/pumps?id=88",
        "Where are the pump docs?",
        "https://wiki.example.net/pumps?id=88",
    ),
    Fact(
        "url",
        "write to kitchen@otter.example if it breaks again",
        "Whom do I write to when it breaks?",
        "kitchen@otter.example",
    ),
    Fact(
        "url",
        "The mirror lives on ftp://mirror.example.org/pub/x now.",
        "Where is the mirror?",
        "ftp://mirror.example.org/pub/x",
    ),
    Fact(
        "url",
        "I pinned http://localhost:8123/status in the browser",
        "Which status page did I pin?",
        "http://localhost:8123/status",
    ),
    Fact(
        "url",
        "my page is https://example.com/~mara",
        "What is my page?",
        "https://example.com/~mara",
    ),
    Fact(
        "code",
        "The flag is --no-verify-cache, took ages to find",
        "Which flag was it?",
        "--no-verify-cache",
    ),
    Fact("code", "the sensor id reads TX-9914-B", "What is the sensor's id?", "TX-9914-B"),
    Fact(
        "code",
        "It crashes inside compute_flow_rate() after a minute.",
        "Where does it crash?",
        "compute_flow_rate()",
    ),
    Fact(
        "code",
        "wifi password at the cabin: moss-kettle-77",
        "What is the cabin's wifi password?",
        "moss-kettle-77",
    ),
    Fact(
        "code", "Order number was QK8823710 by the way", "What was the order number?", "QK8823710"
    ),
    Fact(
        "quote",
        'She only said "leave the lantern burning" and left.',
        "What did she say before she left?",
        "leave the lantern burning",
    ),
    Fact(
        "quote",
        "The sign reads “No swimming before noon”.",
        "What does the sign read?",
        "No swimming before noon",
    ),
    Fact(
        "quote",
        'Our motto: "measure twice, pour once"',
        "What is our motto?",
        "measure twice, pour once",
    ),
    Fact("quote", 'he titled it "The Slow Harbour"', "What did he title it?", "The Slow Harbour"),
    Fact(
        "quote",
        "The password hint says «grandpa's first car».",
        "What does the password hint say?",
        "grandpa's first car",
    ),
    Fact(
        "constraint",
        "I can't stand coriander, leave it out of everything.",
        "Which herb do I not want?",
        "coriander",
    ),
    Fact(
        "constraint",
        "Please answer me in short sentences from now on.",
        "How should you answer me?",
        "short sentences",
    ),
    Fact(
        "constraint", "Never suggest flights, I only travel by train.", "How do I travel?", "train"
    ),
    Fact("constraint", "my son is allergic to walnuts", "What is my son allergic to?", "walnuts"),
    Fact(
        "constraint",
        "We keep the budget under 900 no matter what.",
        "What is the limit of our budget?",
        "900",
    ),
)

SECOND: tuple[Fact, ...] = (
    Fact(
        "name",
        "The lady at the archive, Mrs. Tamsin Oyelaran, finally wrote back to me.",
        "What's the name of the lady from the archive?",
        "Tamsin Oyelaran",
    ),
    Fact(
        "name",
        "we ended up naming the sourdough starter Gertrude, don't laugh",
        "How did we name the sourdough starter?",
        "Gertrude",
    ),
    Fact(
        "name",
        "My physio is a guy called Bartek and he knows his stuff.",
        "Who is my physio?",
        "Bartek",
    ),
    Fact(
        "name",
        "Lund is where the conference happens this time.",
        "Which town hosts the conference?",
        "Lund",
    ),
    Fact(
        "name",
        "So the new team lead is going to be Priya Raghunathan, as of next month.",
        "Who will lead the team?",
        "Priya Raghunathan",
    ),
    Fact(
        "number",
        "The old kiln tops out at 1,260 degrees, anything above cracks it.",
        "How hot can the kiln go?",
        "1,260 degrees",
    ),
    Fact(
        "number",
        "I reckon the attic is about 43 square metres.",
        "How big is the attic?",
        "43 square metres",
    ),
    Fact(
        "number", "they quoted me £2,150 for the roof", "What was the quote for the roof?", "2,150"
    ),
    Fact(
        "number",
        "Her resting pulse went down to 52, which the doctor liked.",
        "What is her resting pulse?",
        "52",
    ),
    Fact(
        "number",
        "Mix it three parts sand to one part cement, no more.",
        "What's the ratio of sand to cement?",
        "three parts sand",
    ),
    Fact(
        "date",
        "We fly out on the 9th of January, very early.",
        "When do we fly out?",
        "9th of January",
    ),
    Fact("date", "the warranty runs till 11/2029", "Until when does the warranty run?", "11/2029"),
    Fact(
        "date",
        "Choir practice has moved to Tuesdays at half past seven.",
        "When is choir practice?",
        "Tuesdays at half past seven",
    ),
    Fact(
        "date",
        "Dad retired in the spring of 1998 and never looked back.",
        "When did dad retire?",
        "spring of 1998",
    ),
    Fact(
        "date",
        "deadline for the grant: 2027-08-31 23:59 CET",
        "What's the grant deadline?",
        "2027-08-31",
    ),
    Fact(
        "path",
        "I keep the tax stuff under D:\\Family\\Tax 2026\\receipts now",
        "Where do I keep the tax receipts?",
        "D:\\Family\\Tax 2026\\receipts",
    ),
    Fact(
        "path",
        "The crash dumps land in /var/lib/turbine/dumps, by the way.",
        "Where do crash dumps land?",
        "/var/lib/turbine/dumps",
    ),
    Fact(
        "path",
        "config is read from $HOME/.config/otter/settings.toml first",
        "Which config file is read first?",
        ".config/otter/settings.toml",
    ),
    Fact(
        "path",
        "Have a look at src/pumps/valve_test.rs, the bug's in there.",
        "In which file is the bug?",
        "src/pumps/valve_test.rs",
    ),
    Fact(
        "path",
        "Grandpa's recordings are on the NAS at \\\\attic\\media\\tapes.",
        "Where are grandpa's recordings?",
        "\\\\attic\\media\\tapes",
    ),
    Fact(
        "url",
        "I book the court through tennis-lund.example.se/booking usually",
        "Where do I book the court?",
        "tennis-lund.example.se/booking",
    ),
    Fact(
        "url",
        "The feed is at https://radio.example.org/live.m3u8 for now",
        "What is the address of the radio feed?",
        "https://radio.example.org/live.m3u8",
    ),
    Fact(
        "url",
        "Send the invoice to billing+north@glassworks.example please",
        "Which address gets the invoice?",
        "billing+north@glassworks.example",
    ),
    Fact(
        "url",
        "clone it from git@code.example.net:tools/kiln.git",
        "Where do I clone it from?",
        "git@code.example.net:tools/kiln.git",
    ),
    Fact(
        "url",
        "My printer's web page answers on 192.168.7.23:8080",
        "What is the printer's address?",
        "192.168.7.23:8080",
    ),
    Fact(
        "code",
        "The env var was called KILN_MAX_RAMP, I think I set it last year.",
        "Which environment variable was it?",
        "KILN_MAX_RAMP",
    ),
    Fact("code", "our fix is in commit 9f3ab21", "In which commit is our fix?", "9f3ab21"),
    Fact(
        "code",
        "The class that leaks is FrameBufferPool, we found out yesterday.",
        "Which class leaks?",
        "FrameBufferPool",
    ),
    Fact(
        "code",
        "my library card number is 0049-77-1302",
        "What's my library card number?",
        "0049-77-1302",
    ),
    Fact(
        "code",
        "Run make release-arm64 and then wait for an hour.",
        "Which make target do I run for the release?",
        "release-arm64",
    ),
    Fact(
        "quote",
        "His first words were 'where is the moon' would you believe it.",
        "What were his first words?",
        "where is the moon",
    ),
    Fact(
        "quote",
        'The error just says "lattice not converged" and nothing else.',
        "What does the error say?",
        "lattice not converged",
    ),
    Fact(
        "quote",
        "Above the door it says „Arbeit ist halbes Leben“ in old letters.",
        "What does it say above the door?",
        "Arbeit ist halbes Leben",
    ),
    Fact(
        "quote",
        'the toast I want to give: "to slow trains and fast friends"',
        "Which toast do I want to give?",
        "to slow trains and fast friends",
    ),
    Fact(
        "quote",
        "The book's last line is, and I quote: nobody counted the herons again.",
        "What's the last line of the book?",
        "nobody counted the herons again",
    ),
    Fact(
        "constraint",
        "Whatever recipe you give me, leave out the dairy.",
        "What should you leave out of recipes?",
        "dairy",
    ),
    Fact("constraint", "i'd rather you call me Jo than Johanna", "What should you call me?", "Jo"),
    Fact(
        "constraint",
        "No spoilers about the last season, I'm still on the second one.",
        "What must you not tell me about the series?",
        "spoilers",
    ),
    Fact(
        "constraint",
        "Keep in mind that I can't lift more than ten kilos since the operation.",
        "How much can I lift?",
        "ten kilos",
    ),
    Fact(
        "constraint",
        "All code you write for me has to run on Python 3.8.",
        "Which Python version must the code run on?",
        "Python 3.8",
    ),
)

_TALK = (
    "Let us talk about something else for a while, the weather has been strange lately.",
    "Do you think old houses are better than new ones, and why would that be so?",
    "Tell me a story about a lighthouse keeper and a very patient bird.",
    "What makes a good soup, apart from time and a good pot to cook it in?",
    "I walked {n} kilometres yesterday and my knees are not happy about it.",
    "Somebody in the queue talked about trains for {n} minutes without a pause.",
    "My neighbour paints his fence every {n} years, rain or shine.",
    "It would be nice to sleep until noon for once, would it not?",
    "People in films never finish their coffee, have you noticed that?",
    "The book on my table has {n} pages and I am nowhere near the end of it.",
    "Every road in this town seems to be closed for repairs again.",
    "I keep thinking that a garden teaches patience better than any school.",
)


def small_talk(dice: random.Random, words: int) -> str:
    """Chatter around the facts; its numbers compete with theirs."""
    said: list[str] = []
    while sum(len(sentence.split()) for sentence in said) < words:
        said.append(dice.choice(_TALK).format(n=dice.randint(2, 90)))
    return " ".join(said)


def places(composition: Composition, answer: str) -> tuple[str, ...]:
    """Where in this prompt an answer stands word for word; empty: nowhere."""
    quoted = [quote.text for found in composition.quotes.values() for quote in found]
    held = {
        "ledger": [ledger.line(fact) for fact in composition.facts],
        "segment": [segment.text for segment in composition.segments],
        "recall": quoted,
        "verbatim": [stored.message.text for stored in composition.said],
    }
    return tuple(place for place, texts in held.items() if any(answer in t for t in texts))
