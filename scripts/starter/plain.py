"""Facts of no kind: sentences about anything, told back as they were said.

The words around a value and the value itself are new each time, so what is learnt is to find the
sentence that shares words with a question, and to repeat it. Pure functions of a generator.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from scripts.starter import values, words
from scripts.starter.patterns import capital, expand, small

VERBS = tuple(
    tuple(line.split())
    for line in """hides hid hide hidden|sells sold sell sold|builds built build built|paints painted paint painted
finds found find found|breaks broke break broken|brings brought bring brought|cuts cut cut cut
draws drew draw drawn|drives drove drive driven|feeds fed feed fed|gives gave give given|hangs hung hang hung
leaves left leave left|lends lent lend lent|loses lost lose lost|makes made make made|moves moved move moved
opens opened open opened|orders ordered order ordered|packs packed pack packed|plants planted plant planted
plays played play played|repairs repaired repair repaired|sends sent send sent|steals stole steal stolen
stores stored store stored|teaches taught teach taught|throws threw throw thrown|uses used use used
visits visited visit visited|washes washed wash washed|watches watched watch watched|wears wore wear worn
wins won win won|borrows borrowed borrow borrowed|cleans cleaned clean cleaned|covers covered cover covered
designs designed design designed|empties emptied empty emptied|fills filled fill filled|films filmed film filmed
guards guarded guard guarded|heats heated heat heated|inherits inherited inherit inherited|locks locked lock locked
mends mended mend mended|misses missed miss missed|prefers preferred prefer preferred|pulls pulled pull pulled
raises raised raise raised|rents rented rent rented|replaces replaced replace replaced|rides rode ride ridden
saves saved save saved|shares shared share shared|signs signed sign signed|starts started start started
studies studied study studied|tests tested test tested|tunes tuned tune tuned|wraps wrapped wrap wrapped
writes wrote write written|collects collected collect collected|delivers delivered deliver delivered
fetches fetched fetch fetched|measures measured measure measured|polishes polished polish polished
prints printed print printed|recommends recommended recommend recommended|rescues rescued rescue rescued
sketches sketched sketch sketched|weaves wove weave woven|carves carved carve carved|buries buried bury buried
chooses chose choose chosen|keeps kept keep kept|takes took take taken|trains trained train trained""".replace(
        "\n", "|"
    ).split("|")
)
MORE_THINGS = """engine report letter recipe song ship statue rug cake horse boat hut field canal tent sweater puppet
kite shelter tractor pump lens poster speech medicine parcel machine rope wheel harvest contract trap hat doll
sledge mill orchard hive tank cable plan model pie loaf bench swing bell radio sign mask shield wagon""".split()
GROUPS = """students guests neighbours nurses workers visitors players tourists farmers soldiers children
painters drivers clerks twins""".split()
PRONOUNS = ("I", "we", "they")
_PLACES = ("in the {n}", "behind the {n}", "under the {n}", "at the {n}", "near {c}", "in {c}", "on the {n}",
           "next to the {n}", "beside the old {n}", "in {c}", "inside the {m}", "above the {n}")  # fmt: skip
_TIMES = ("on {d}", "on {w}", "in {m} {y}", "last {w}", "in {y}", "at {t}", "two weeks ago", "in the spring",
          "before breakfast", "after the storm", "on {d}", "at {t}", "during the holidays")  # fmt: skip
_OFTEN = (
    "every {w}",
    "on {w}s",
    "at {t}",
    "twice a week",
    "every morning",
    "in {m}",
    "each spring",
)
_REASONS = (
    "too {a}",
    "broken",
    "out of date",
    "a gift",
    "very {a}",
    "full of holes",
    "not {a} enough",
)
_QUALITIES = (
    "heavy loud cheap rusty slippery fragile narrow bright stubborn noisy wet steep cold".split()
)
_WORDS = "the a no never always slow red old we they wait run stay bread river light after before nobody counts home".split()

Words = dict[str, str]


def _thing(rng: Random) -> str:
    roll = rng.random()
    noun = values.one_of(rng, words.THINGS) if roll < 0.4 else values.one_of(rng, MORE_THINGS)
    if roll > 0.85:
        noun = values.made_up(rng, capital=False)
    if rng.random() < 0.3:
        before = words.PREFIXES if rng.random() < 0.5 else words.COLORS
        noun = f"{values.one_of(rng, before)} {noun}"
    return f"{rng.choice(('the', 'the', 'the', 'my', 'our', 'his', 'her'))} {noun}"


def _who(rng: Random) -> str:
    match rng.randrange(7):
        case 0 | 1:
            return f"{rng.choice(('my', 'our', 'the'))} {values.one_of(rng, words.PEOPLE)}"
        case 2:
            return f"the {values.one_of(rng, words.JOB_LIST)}"
        case 3:
            return f"the {values.one_of(rng, GROUPS)}"
        case 4:
            return values.person(rng)
        case 5:
            return f"the {values.one_of(rng, words.ANIMALS)}"
        case _:
            return rng.choice(
                ("I", "we", "I", "we", "they", f"the {values.made_up(rng, capital=False)}")
            )


def _one_of(patterns: tuple[str, ...]) -> Callable[[Random], str]:
    def made(rng: Random) -> str:
        text = values.one_of(rng, patterns)
        for slot, make in {
            "{n}": lambda: values.one_of(rng, words.THINGS),
            "{c}": lambda: values.city(rng),
            "{d}": lambda: values.day(rng),
            "{w}": lambda: values.one_of(rng, words.WEEKDAYS),
            "{m}": lambda: (
                values.one_of(rng, words.MONTHS)
                if patterns is not _PLACES
                else values.made_up(rng, capital=False)
            ),
            "{y}": lambda: str(rng.randrange(1950, 2035)),
            "{t}": lambda: values.clock(rng),
            "{a}": lambda: values.one_of(rng, _QUALITIES),
        }.items():
            if slot in text:
                text = text.replace(slot, make())
        return text

    return made


def _saying(rng: Random) -> str:
    said = [values.one_of(rng, _WORDS) if rng.random() < 0.7 else values.one_of(rng, words.THINGS)
            for _ in range(rng.randrange(2, 6))]  # fmt: skip
    mark = rng.choice(('"{}"', '"{}"', "“{}”", "'{}'", "«{}»"))
    return mark.format(" ".join(said))


def _some(rng: Random) -> str:
    """A thing that is a value: not one of the words of a question."""
    made = values.made_up(rng, capital=rng.random() < 0.4)
    return rng.choice(
        (
            f"a {values.one_of(rng, words.COLORS)} {values.one_of(rng, words.THINGS)}",
            values.one_of(rng, words.FOODS),
            made,
            f"the {made}",
            values.title(rng),
        )
    )


@dataclass(frozen=True)
class Form:
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    value: Callable[[Random], str]


# {s} does something to {o}: {third}, {past}, {base}, {part} are forms of the verb; {v} is asked for.
FORMS: tuple[Form, ...] = (
    Form(("{v} {past} {o}", "it was {v} who {past} {o}", "{o} was {part} by {v}"),
         ("who {past} {o}?", "by whom was {o} {part}?", "who was {o} {part} by?", "who [was it that|is the one who] {past} {o}?"),
         values.person),
    Form(("{s} {past} {o} {v}", "{v}, {s} {past} {o}"),
         ("where [did] {s} {base} {o}?", "where was {o} {part}?", "[in which place|at what place|where exactly] did {s} {base} {o}?", "where [is|are] {o}?"),
         _one_of(_PLACES)),
    Form(("{s} {past} {o} {v}", "{v} {s} {past} {o}"),
         ("when did {s} {base} {o}?", "when was {o} {part}?", "[on which day|what day|how long ago|at what time] did {s} {base} {o}?"),
         _one_of(_TIMES)),
    Form(("{s} {third} {o} {v}",),
         ("when [do] {s} {base} {o}?", "how often [do] {s} {base} {o}?", "[on which day|at what time] [do] {s} {base} {o}?"),
         _one_of(_OFTEN)),
    Form(("{s} {past} {v}", "{s} {past} {v} [last week|yesterday|once|by accident|in the end]"),
         ("what did {s} {base}?", "what was {part} by {s}?", "which thing did {s} {base}?"),
         _some),
    Form(("{s} {third} {v}", "{s} mostly {third} {v}", "{s} {third} {v} [at work|at home|for a living|for fun]"),
         ("what [do] {s} {base}?", "what is it that {s} {third}?"),
         _some),
    Form(("{s} {past} {o} {w} {v}", "{o} was {part} {w} {v}"),
         ("{w} [what|whom] did {s} {base} {o}?", "[what|whom] did {s} {base} {o} {w}?", "[what|who] was {o} {part} {w}?", "{w} [what|whom] was {o} {part}?"),
         lambda rng: values.person(rng) if rng.random() < 0.5 else _some(rng)),
    Form(("{s} {past} {v} {g}", "{v} {g} were {part} by {s}"),
         ("how many {g} did {s} {base}?", "how many {g} were {part}?", "what number of {g} did {s} {base}?"),
         lambda rng: str(rng.randrange(3, 9000)) if rng.random() < 0.6 else values.count(rng)),
    Form(("{o} [cost|costs|is worth|was sold for] {v}", "{s} paid {v} for {o}", "{s} got {v} for {o}"),
         ("how much [did|does] {o} cost?", "what did {s} [pay|get] for {o}?", "what is the price of {o}?", "how much was paid for {o}?"),
         values.amount),
    Form(("{o} [weighs|holds|is rated for|lasts|measures|takes|needs|runs for] {v}",),
         ("how much does {o} [weigh|hold|take|need]?", "how long does {o} [last|run]?", "how big is {o}?", "what does {o} [need|take|hold]?"),
         values.amount),
    Form(('{s} [said|wrote|shouted|whispered|sang|answered] {v}', '{v} is what {s} said', '{s} put {v} on {o}'),
         ("what did {s} [say|write|shout|answer]?", "what were the words of {s}?", "what [did {s} put|is written|stands] on {o}?"),
         _saying),
    Form(("{s} {third} {o} in {v}", "{o} [is kept|is stored|ends up|lies|can be found] in {v}", "{s} put {o} into {v}"),
         ("where [do] {s} {base} {o}?", "where is {o} [kept|stored|to be found]?", "in which [file|folder|place] is {o}?", "what is the path of {o}?"),
         values.path),
    Form(("{o} [reads|shows|says|prints|displays|is marked|is labelled] {v}", "on {o} it says {v}"),
         ("what does {o} [read|show|say|print]?", "what is [on|written on] {o}?", "which [code|number|label] is on {o}?"),
         values.code),
    Form(("{s} [will be|became|wants to become|used to be|was elected|works as] {v}",),
         ("what [will|did] {s} [be|become]?", "what [do] {s} want to become?", "what was {s} [before|elected]?", "as what [do] {s} work?"),
         lambda rng: f"{rng.choice(('a', 'the'))} {values.one_of(rng, words.JOB_LIST)}" if rng.random() < 0.7 else f"the {values.made_up(rng)} of {values.city(rng)}"),
    Form(("{o} [happens|takes place|was held|is shown|is made|comes from|was born] {v}", "they make {o} {v}"),
         ("where does {o} [happen|take place|come from]?", "where is {o} [made|shown|held]?", "in which [town|city|place] is {o} made?"),
         _one_of(("in {c}", "near {c}", "at the {n} of {c}", "in {c}"))),
    Form(("I [can't|cannot|must not|will not|should not|never|don't] {base} {v}", "please never {base} {v}[ for me|]", "do not {base} {v}"),
         ("what [can't|must|should] I not {base}?", "what must not be {part}?", "what should you never {base}?", "is there anything I [don't|can't] {base}?"),
         _some),
    Form(("[always|please always|from now on always] {base} {o} {w} {v}", "I want you to {base} {o} {w} {v}"),
         ("{w} what should you {base} {o}?", "what should {o} be {part} {w}?", "how should you {base} {o}?"),
         _some),
    Form(("{o} is {v}", "{o} was {v} [again|from the start|all along|yesterday]"),
         ("what is wrong with {o}?", "what about {o}?", "how is {o}?", "what did I say about {o}?"),
         _one_of(_REASONS)),
    Form(("{o} is called {v} [by everyone|in our village|in the plan|there]", "people call {o} {v}", "they call {o} {v}"),
         ("what do people call {o}?", "[what|how] is {o} called?", "what name did {o} get?"),
         values.title),
    Form(("the {k} of {o} is {v}", "{o} has {v} as its {k}", "{o} comes with the {k} {v}"),
         ("what is the {k} of {o}?", "which {k} does {o} have?", "what {k} does {o} come with?"),
         lambda rng: values.word(rng) if rng.random() < 0.5 else values.code(rng)),
)  # fmt: skip
_ABOUT = ("what did I [say|tell you] about {o}?", "what do you know about {o}?", "tell me about {o}",
          "[remind me|what was it] about {o}?", "what was that with {o}?", "anything about {o}?")  # fmt: skip
WITH = "with for from to against near after without like".split()
KINDS = (
    "colour size smell owner maker model shape title language weight taste sound material".split()
)


@dataclass(frozen=True)
class Plain:
    """One such sentence; it looks like a `Fact` to who tells and asks."""

    form: Form
    pattern: str
    words: tuple[tuple[str, str], ...]
    value: str

    @property
    def sentence(self) -> str:
        return capital(self._filled(self.pattern))

    @property
    def label(self) -> str:
        return replace(self, value="").sentence

    @property
    def key(self) -> tuple[str, str]:
        return "plain", self.label

    @property
    def line(self) -> str:
        return self.sentence

    def stands_in(self, text: str) -> bool:
        return self.sentence.lower() in text.lower()

    @property
    def answer(self) -> str:
        return f"You said: {self.sentence}."

    def statement(self, rng: Random) -> str:
        return self._filled(self.pattern)

    def continuing(self, rng: Random) -> str:
        text = self.statement(rng)
        proper = self.pattern.startswith("{v}") or (
            self.pattern.startswith("{s}") and dict(self.words)["s"][:1].isupper()
        )
        return text if proper else small(text)

    def question(self, rng: Random) -> str:
        about = "{o}" in self.pattern and rng.random() < 0.15
        asked = values.one_of(rng, _ABOUT if about else self._fitting())
        return self._filled(expand(asked, rng))

    def changed(self, rng: Random) -> "Plain":
        value = self.value
        while value == self.value:
            value = self.form.value(rng)
        return replace(self, value=value)

    def _fitting(self) -> tuple[str, ...]:
        """Questions that speak of nothing but what was said."""
        slots = ("{s}", "{o}", "{w}", "{g}", "{k}", "{past}")
        missing = [slot for slot in slots if slot not in self.pattern and slot != "{past}"]
        fitting = tuple(q for q in self.form.questions if not any(slot in q for slot in missing))
        return fitting or self.form.questions

    def _filled(self, text: str) -> str:
        for slot, said in self.words:
            text = text.replace("{" + slot + "}", said)
        return text.replace("{v}", self.value)


def any_plain(rng: Random) -> Plain:
    form = FORMS[int(rng.random() * len(FORMS))]
    who = _who(rng)
    verb = values.one_of(rng, VERBS) if rng.random() < 0.85 else _made_up_verb(rng)  # pyright: ignore[reportArgumentType]
    third, past, base, part = verb
    many = who in PRONOUNS or who.split()[-1] in GROUPS
    said = {
        "s": who,
        "o": _thing(rng),
        "third": base if many else third,
        "past": past,
        "base": base,
        "part": part,
        "w": values.one_of(rng, WITH),
        "g": rng.choice((values.one_of(rng, words.UNITS[12:]), values.one_of(rng, GROUPS))),
        "k": values.one_of(rng, KINDS),
    }
    pattern = expand(values.one_of(rng, form.statements), rng)
    while who in PRONOUNS and "by {s}" in pattern:
        pattern = expand(values.one_of(rng, form.statements), rng)
    questions = tuple(
        q.replace("[did]", "did").replace("[do]", "do" if many else "does") for q in form.questions
    )
    form = replace(form, questions=questions)
    value = form.value(rng)
    return Plain(form, pattern, tuple(said.items()), value)


def _made_up_verb(rng: Random) -> tuple[str, str, str, str]:
    stem = values.made_up(rng, capital=False) + rng.choice(("k", "p", "t", "mp", "nd"))
    return stem + "s", stem + "ed", stem, stem + "ed"
