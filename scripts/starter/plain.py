"""Sentences of no kind, about anything.

The words around a value and the value itself are new each time, so what is learnt is to find the
sentence that shares words with a question, and to repeat it. Pure functions of a generator.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from scripts.starter import values, words
from scripts.starter.patterns import expand
from scripts.starter.told import Told

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
GOING = tuple(
    tuple(line.split())
    for line in """lives lived live|sleeps slept sleep|waits waited wait|works worked work|swims swam swim
sings sang sing|arrives arrived arrive|returns returned return|stops stopped stop|ends ended end
begins began begin|falls fell fall|rings rang ring|shines shone shine|grows grew grow|closes closed close
flies flew fly|runs ran run|sails sailed sail|dances danced dance|rests rested rest|travels travelled travel
leaves left leave|gathers gathered gather|disappears disappeared disappear|smells smelled smell""".replace(
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
           "next to the {n}", "beside the old {n}", "in {c}", "inside the {x}", "above the {n}")  # fmt: skip
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
            "{m}": lambda: values.one_of(rng, words.MONTHS),
            "{x}": lambda: values.made_up(rng, capital=False),
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
    Form(("{s} {went} {v}", "{s} always {goes} {v}", "{v}, {s} {went}"),
         ("where [did] {s} {go}?", "where [do] {s} {go}?", "in which place [did] {s} {go}?"),
         _one_of(_PLACES)),
    Form(("{o} {turns} {v}", "{o} {went} {v}", "as always, {o} {turns} {v}"),
         ("where [does|did] {o} {go}?", "where is it that {o} {turns}?"),
         _one_of(_PLACES)),
    Form(("{s} {went} {v}", "{o} {went} {v}"),
         ("when did {s} {go}?", "when did {o} {go}?", "on which day did {s} {go}?", "how long ago did {o} {go}?"),
         _one_of(_TIMES)),
    Form(("{o} {turns} {v}", "{s} {goes} {v}"),
         ("when does {o} {go}?", "how often does {o} {go}?", "when [do] {s} {go}?", "how often [do] {s} {go}?"),
         _one_of(_OFTEN)),
    Form(("{s} {went} [together |]with {v}", "{v} and {s} {went} together", "{s} never {goes} without {v}"),
         ("with whom did {s} {go}?", "who {went} with {s}?", "who did {s} {go} with?", "without whom [do] {s} never {go}?"),
         values.person),
    Form(("{s} painted {o} {v}", "{o} is painted {v}", "{o} turned {v}", "they dyed {o} {v}"),
         ("[which|what] colour [is|has] {o}?", "[which|what] colour did {s} paint {o}?", "how is {o} painted?", "what colour did {o} turn?"),
         lambda rng: values.one_of(rng, words.COLORS)),
    Form(("{s} {past} {o} because of {v}", "{v} is why {s} {past} {o}", "{v} was the reason that {s} {past} {o}"),
         ("why did {s} {base} {o}?", "for what reason was {o} {part}?", "what was the reason that {s} {past} {o}?"),
         _some),
    Form(("the only thing {s} {third} is {v}", "it is {v} that {s} {third} most", "{s} would {base} nothing but {v}"),
         ("what is the only thing {s} {third}?", "what [do] {s} {base} most?", "what would {s} {base}?"),
         _some),
    Form(("{s} told me that {o} is {v}", "I heard that {o} is {v}", "it turned out that {o} was {v}", "they say that {o} is {v}"),
         ("what did {s} tell me about {o}?", "what did I hear about {o}?", "how is {o}?", "what do they say about {o}?", "what did {o} turn out to be?"),
         _one_of(_REASONS)),
    Form(("there [is|was] {v} [beside|behind|under|on|in|above|near] {o}", "[beside|behind|under|near] {o} stands {v}"),
         ("what is [there |]beside {o}?", "what is [there |]behind {o}?", "what is [there |]under {o}?", "what is near {o}?", "what stands by {o}?"),
         _some),
    Form(("{s} [traded|swapped] {o} for {v}", "{s} got {v} for {o}", "{o} was [traded|swapped] for {v}"),
         ("for what did {s} [trade|swap] {o}?", "what did {s} get for {o}?", "what was {o} [traded|swapped] for?"),
         _some),
    Form(("{s} [knows|knew] {v} by heart", "{s} [dreams|dreamt] of {v}", "{s} [thinks|thought] of {v}", "{s} [is afraid|is proud] of {v}"),
         ("what [do] {s} know by heart?", "of what [do] {s} dream?", "what [do] {s} think of?", "what is it that {s} [is afraid|is proud] of?"),
         _some),
)  # fmt: skip
_ABOUT = ("what did I [say|tell you] about {o}?", "what do you know about {o}?", "tell me about {o}",
          "[remind me|what was it] about {o}?", "what was that with {o}?", "anything about {o}?")  # fmt: skip
WITH = "with for from to against near after without like".split()
KINDS = (
    "colour size smell owner maker model shape title language weight taste sound material".split()
)


@dataclass(frozen=True)
class Plain(Told):
    form: Form
    pattern: str
    words: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        return _filled(self.pattern, self.words, "")

    @property
    def key(self) -> tuple[str, str]:
        return "plain", self.label

    @property
    def continuing(self) -> str:
        named = self.pattern.startswith("{s}") and dict(self.words)["s"][:1].isupper()
        return self.said if named else super().continuing

    def question(self, rng: Random) -> str:
        about = "{o}" in self.pattern and rng.random() < 0.15
        asked = values.one_of(rng, _ABOUT if about else self._fitting())
        return _filled(expand(asked, rng), self.words, self.value)

    def changed(self, rng: Random) -> "Plain":
        value = self.value
        while value == self.value:
            value = self.form.value(rng)
        return replace(self, value=value, said=_filled(self.pattern, self.words, value))

    def _fitting(self) -> tuple[str, ...]:
        """Questions that speak of nothing but what was said."""
        missing = [each for each in ("{s}", "{o}", "{w}", "{g}", "{k}") if each not in self.pattern]
        asked = self.form.questions
        return tuple(q for q in asked if not any(each in q for each in missing)) or asked


def _filled(text: str, said: tuple[tuple[str, str], ...], value: str) -> str:
    for slot, word in said:
        text = text.replace("{" + slot + "}", word)
    return text.replace("{v}", value)


def any_plain(rng: Random) -> Plain:
    form = FORMS[int(rng.random() * len(FORMS))]
    who = _who(rng)
    verb = values.one_of(rng, VERBS) if rng.random() < 0.85 else _made_up_verb(rng)  # pyright: ignore[reportArgumentType]
    third, past, base, part = verb
    goes, went, go = values.one_of(rng, GOING)  # pyright: ignore[reportArgumentType]
    many = who in PRONOUNS or who.split()[-1] in GROUPS
    said = {
        "s": who,
        "o": _thing(rng),
        "third": base if many else third,
        "past": past,
        "base": base,
        "part": part,
        "goes": go if many else goes,
        "turns": goes,
        "went": went,
        "go": go,
        "w": values.one_of(rng, WITH),
        "g": rng.choice((values.one_of(rng, words.UNITS[12:]), values.one_of(rng, GROUPS))),
        "k": values.one_of(rng, KINDS),
    }
    pattern = expand(values.one_of(rng, form.statements), rng)
    while who in PRONOUNS and "by {s}" in pattern:
        pattern = expand(values.one_of(rng, form.statements), rng)
    questions = tuple(
        q.replace("[did]", "did").replace("[do]", "do" if many else "does")
        for q in form.questions
        if who not in PRONOUNS or "by {s}" not in q
    )
    form = replace(form, questions=questions)
    value = form.value(rng)
    filling = tuple(said.items())
    return Plain(_filled(pattern, filling, value), value, form, pattern, filling)


def _made_up_verb(rng: Random) -> tuple[str, str, str, str]:
    stem = values.made_up(rng, capital=False) + rng.choice(("k", "p", "t", "mp", "nd"))
    return stem + "s", stem + "ed", stem, stem + "ed"
