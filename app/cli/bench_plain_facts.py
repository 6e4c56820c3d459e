"""Forty plain facts for `llama-chat bench memory`, five of each of eight kinds.

Plain, so that even a tiny model could answer from its prompt; yet no lesson of the built-in guide
is worded as one of these or could be, and none has one of these answers, which a test holds.
"""

from app.cli.bench_facts import Fact


def _fact(kind: str, line: str) -> Fact:
    """The answer stands in braces."""
    said, question = line.strip().split(" | ")
    begin, end = said.index("{"), said.index("}")
    return Fact(kind, said.replace("{", "").replace("}", ""), question, said[begin + 1 : end])


PLAIN: tuple[Fact, ...] = tuple(
    _fact(kind, line)
    for kind, lines in {
        "name": """
            Our parrot listens to {Quillon}. | To which name does our parrot listen?
            They christened the ferry {Morning Wren}. | What did they christen the ferry?
            The barber downstairs signs as {Odalys}. | How does the barber downstairs sign?
            {Tobiah Renn} rents the room upstairs. | Who rents the room upstairs?
            The village voted to become {Velmora}. | What did the village vote to become?
        """,
        "number": """
            Our lift carries {640} kilos. | How many kilos does our lift carry?
            The raffle brought in {2,915} crowns. | How many crowns did the raffle bring in?
            We counted {148} swallows on the wire. | How many swallows did we count?
            The dough rests for {96} hours. | For how many hours does the dough rest?
            The climb took us {4,208} steps. | How many steps did the climb take?
        """,
        "date": """
            The chimney sweep shows up on {12 November}. | When does the chimney sweep show up?
            Her visa runs out on {2031-04-09}. | When does her visa run out?
            The bakery shuts for good on {28 February}. | When does the bakery shut for good?
            The first snow fell on {3 December}. | When did the first snow fall?
            The choir sings next on {21 June}. | When does the choir sing next?
        """,
        "path": r"""
            Nora shelved the letters in {/srv/attic/letters}. | Where did Nora shelve the letters?
            The robot writes to {~/robot/steps.log}. | Where does the robot write to?
            Lena drew the floor into {plans/floor2.pdf}. | Into which file did Lena draw the floor?
            The scanner drops pages at {D:\scans\raw}. | Where does the scanner drop pages?
            Hanno typed the poem into {harbour.txt}. | Into which file did Hanno type the poem?
        """,
        "url": """
            Ferry seats sell on {https://wren.example/ferry}. | Where do ferry seats sell?
            Complaints reach them at {lifts@renn.example}. | Where do complaints reach them?
            They stream swallows on {http://wire.example/live}. | Where do they stream swallows?
            Choirs sell songs on {https://choir.example/shop}. | Where do choirs sell songs?
            The sweep takes bills at {bills@soot.example}. | Where does the sweep take bills?
        """,
        "code": """
            The cellar opens with {7719-K}. | With what does the cellar open?
            The robot reboots after {FLUSH_GEARS}. | After what does the robot reboot?
            Lena's parcel travels as {ZX40981}. | As what does Lena's parcel travel?
            The scanner crashes in {read_tray()}. | In what does the scanner crash?
            The printer starts with {--no-duplex}. | With what does the printer start?
        """,
        "quote": """
            He carved "{ring twice, softly}" into the bell. | What did he carve into the bell?
            The cake read "{forty and fearless}". | What did the cake read?
            Grandpa whispered "{mind the geese}". | What did grandpa whisper?
            The gate warns "{slow horses ahead}". | What does the gate warn?
            A sailor painted "{never late}" on the ferry. | What did a sailor paint on the ferry?
        """,
        "constraint": """
            Never give Hanno {chervil}. | What must Hanno never be given?
            Always answer Lena in {Frisian}. | In what must Lena be answered?
            The parrot must not eat {avocado}. | What must the parrot not eat?
            Avoid the {viaduct} when you plan my way. | What do you avoid when you plan my way?
            Only buy milk made of {oats}. | Of what must the milk be made?
        """,
    }.items()
    for line in lines.strip().splitlines()
)
