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
chooses chose choose chosen|keeps kept keep kept|takes took take taken|trains trained train trained
admires admired admire admired|answers answered answer answered|bakes baked bake baked
burns burned burn burned|buys bought buy bought|carries carried carry carried|catches caught catch caught
checks checked check checked|copies copied copy copied|counts counted count counted|decorates decorated decorate decorated
donates donated donate donated|drops dropped drop dropped|explains explained explain explained|fixes fixed fix fixed
folds folded fold folded|forgets forgot forget forgotten|freezes froze freeze frozen|glues glued glue glued
harvests harvested harvest harvested|holds held hold held|invents invented invent invented|irons ironed iron ironed
lifts lifted lift lifted|loads loaded load loaded|marks marked mark marked|mixes mixed mix mixed
notices noticed notice noticed|owes owed owe owed|parks parked park parked|peels peeled peel peeled
praises praised praise praised|pushes pushed push pushed|reads read read read|receives received receive received
refuses refused refuse refused|removes removed remove removed|returns returned return returned|ruins ruined ruin ruined
scratches scratched scratch scratched|serves served serve served|sews sewed sew sewn|shakes shook shake shaken
shows showed show shown|spills spilled spill spilled|stirs stirred stir stirred|sweeps swept sweep swept
tears tore tear torn|ties tied tie tied|translates translated translate translated|unlocks unlocked unlock unlocked
weighs weighed weigh weighed""".replace("\n", "|").split("|")
)
GOING = tuple(
    tuple(line.split())
    for line in """lives lived live|sleeps slept sleep|waits waited wait|works worked work|swims swam swim
sings sang sing|arrives arrived arrive|returns returned return|stops stopped stop|ends ended end
begins began begin|falls fell fall|rings rang ring|shines shone shine|grows grew grow|closes closed close
flies flew fly|runs ran run|sails sailed sail|dances danced dance|rests rested rest|travels travelled travel
leaves left leave|gathers gathered gather|disappears disappeared disappear|smells smelled smell
drifts drifted drift|hides hid hide|sits sat sit|stands stood stand|jumps jumped jump|climbs climbed climb
melts melted melt|sinks sank sink|spins spun spin|rolls rolled roll|cries cried cry|laughs laughed laugh
lands landed land|meets met meet|walks walked walk|wakes woke wake|slides slid slide|blooms bloomed bloom
shakes shook shake|turns turned turn|vanishes vanished vanish|breaks broke break|hums hummed hum""".replace(
        "\n", "|"
    ).split("|")
)
MORE_THINGS = """engine report letter recipe song ship statue rug cake horse boat hut field canal tent sweater puppet
barrel blouse broom brush cage calendar cannon carriage chain chapel chimney cloak coat collar
cottage cradle crown cushion dagger dam dictionary document doorbell dress fan film fountain furnace
garland grill hammock handbook helmet hook jersey keyboard kiln lawn lighthouse lock magazine manual
microscope motor mug necklace net newspaper oar paddle painting palace passage path photograph pipe
plough purse raft rake razor roundabout saddle sandal satellite saw scooter screen sculpture seed shovel
skirt sock spade speaker staircase stool sword tap telescope tile toaster trailer treaty
truck tyre vest wallpaper whistle wig windmill workshop
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


def _teller(rng: Random) -> str:
    """Who says so, in the middle of a sentence."""
    if rng.random() < 0.4:
        return values.person(rng)
    return f"my {values.one_of(rng, words.PEOPLE)}"


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
    color = values.one_of(rng, words.COLORS)
    return rng.choice(
        (
            f"{'an' if color[0] in 'aeiou' else 'a'} {color} {values.one_of(rng, words.THINGS)}",
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


# {w2} is who says so, {s2} is {s} as an object; DOERS, EVENTS, SCALES give a verb and a word of its
# family, of which the statement has one and the question the other.
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
         ("for what did {s} [trade|swap] {o}?", "what did {s} get for {o}?", "what was {o} [traded|swapped] for?", "what came in exchange for {o}?"),
         _some),
    Form(("{s} [knows|knew] {v} by heart", "{s} [dreams|dreamt] of {v}", "{s} [thinks|thought] of {v}", "{s} [is afraid|is proud] of {v}"),
         ("what [do] {s} know by heart?", "of what [do] {s} dream?", "what [do] {s} think of?", "what is it that {s} [is afraid|is proud] of?"),
         _some),
    Form(("{v} {acted} {o}", "it is {v} who {does} {o}", "{v}, [they say|I think|as I heard], {does} {o}", "{o} is something that {v} {does}", "without {v}, who {acted} {o}, we would be lost", "the one who {acted} {o} was {v}"),
         ("who is the {doer} of {o}?", "who was the {doer} of {o}?", "[what's|what is] the {doer} of {o} called?", "do you know the {doer} of {o}?", "the {doer} of {o} was who?", "name the {doer} of {o}", "who was it that {acted} {o}?"),
         values.person),
    Form(("{v} is the {doer} of {o}", "the {doer} of {o} [is|was] {v}", "as {doer} of {o} we [have|took|found] {v}", "{o} has {v} for its {doer}", "[I met|we greeted|there came] {v}, the {doer} of {o}"),
         ("who {does} {o}?", "who {acted} {o}?", "who is it that {does} {o}?", "[what|which] person {does} {o}?", "{o} has whom as its {doer}?", "whom do we thank for {o}?"),
         values.person),
    Form(("{o} {comes} {v}", "{v} {o} {comes}", "if all goes well {o} {comes} {v}", "{o}, says {w2}, {comes} {v}", "{v} is when {o} {comes}"),
         ("when is the {coming} of {o}?", "what is the time of the {coming} of {o}?", "for when is the {coming} of {o} [set|planned]?", "when can we expect the {coming} of {o}?", "when will {o} {come}?", "when do we see {o} {come}?"),
         _one_of(("on {d}", "at {t}", "on {w}", "in {m} {y}", "at {t} on {w}"))),
    Form(("the {coming} of {o} is {v}", "{v} we wait for the {coming} of {o}", "they moved the {coming} of {o}, it is now {v}", "the {coming} of {o} was [planned|announced|fixed], it will be {v}"),
         ("when does {o} {come}?", "when will {o} {come}?", "at what time does {o} {come}?", "[on which day|how soon] will {o} {come}?", "when [should|did they say] {o} {come}?"),
         _one_of(("on {d}", "at {t}", "on {w}", "in {m} {y}"))),
    Form(("{o} {scales} {v}", "{w2} says that {o} {scales} {v}", "{v} is what {o} {scales}", "{o}, which {scales} {v}, [is mine|is not here yet|was a bargain]"),
         ("what is the {scaled} of {o}?", "how {high} is {o}?", "do you have the {scaled} of {o}?", "[what|which] {scaled} has {o}?", "how {far} does {o} {scale}?", "just how {far} did I say {o} {scales}?"),
         values.amount),
    Form(("the {scaled} of {o} is {v}", "{o} has a {scaled} of {v}", "with a {scaled} of {v}, {o} [fits in well|is no bargain|is what we need]", "{w2} says the {scaled} of {o} is {v}"),
         ("how {high} is {o}?", "how {far} does {o} {scale}?", "just how {far} did I say {o} {scales}?", "what have I said about how {high} {o} is?"),
         values.amount),
    Form(("{o} is [older|newer|bigger|smaller|cheaper|faster|better] than {v}", "{v} is not as [old|new|big|cheap|fast|good] as {o}", "[beside|next to] {v}, {o} looks [small|big|old|new]", "compared with {v}, {o} is [nothing|a wonder|quite small]"),
         ("what did I compare {o} with?", "what do we compare {o} to?", "with what is {o} compared?", "{o} is [older|better|bigger|smaller] than what?", "to what did I liken {o}?"),
         _some),
    Form(("{v} is the [oldest|biggest|best|cheapest|nicest] of all the {team}", "of all the {team}, {v} is the [oldest|best|loudest|finest]", "no other {team} [come near|are like|can match] {v}", "among the {team}, {v} [stands out|comes first|is the first]"),
         ("which is the [top|first|number one] of the {team}?", "what [stands out|comes first] among the {team}?", "what is special among the {team}?", "out of the {team}, which one did I name?"),
         _some),
    Form(("if it [rains|snows|gets late|goes wrong], {s} {third} {v}", "{s} {third} {v} [only |]if it [rains|snows|gets late]", "as soon as it [rains|gets dark|gets cold], {s} {third} {v}", "in bad weather {s} {third} {v}"),
         ("what [do] {s} {base} if it [rains|snows]?", "what [do] {s} {base} then?", "what will {s} {base} [in that case|in bad weather]?", "what would be {part}?", "which thing [do] {s} {base} in such a case?"),
         _some),
    Form(("{w2} [says|thinks|believes|told me|writes|swears] that {s} {past} {v}", "according to {w2}, {s} {past} {v}", "{s}, so {w2} says, {past} {v}", "from {w2} I [heard|know|learnt] that {s} {past} {v}"),
         ("what did {s} {base}?", "what did {w2} say that {s} {past}?", "what [have we heard|was said] that {s} {past}?", "according to {w2}, what did {s} {base}?", "what was {part}?", "what did {w2} tell [me|us]?"),
         _some),
    Form(("{o} belongs to {v}", "{v} is the owner of {o}", "{o} is the property of {v}", "{v} owns {o}", "the name on {o} is {v}", "{o} is not mine, it belongs to {v}", "{v} got {o} as a present and owns it now"),
         ("whose is {o}?", "to whom does {o} belong?", "who owns {o}?", "who is the owner of {o}?", "who does {o} belong to?", "who has a right to {o}?", "in whose hands is {o}?"),
         values.person),
    Form(("{o} is [for|meant for|there for|good for|used for|needed for] {v}", "we [need|use|keep|bought] {o} for {v}", "for {v} you [need|use|take] {o}", "{v} would be impossible without {o}"),
         ("what is {o} for?", "what [do we|would you] need {o} for?", "for what is {o} used?", "what is the [use|purpose] of {o}?", "why do we have {o}?", "what is {o} good for?", "{o} serves for what?"),
         _some),
    Form(("it took {s2} {v} to {base} {o}", "{s2} needed {v} to {base} {o}", "{o} was {part} within {v}", "after {v} {o} was [finally |]{part}", "to {base} {o} is a matter of {v}", "{v} went by until {o} was {part}"),
         ("how long did it take to {base} {o}?", "how much time was needed to {base} {o}?", "in what time was {o} {part}?", "how long [was it|did we wait] until {o} was {part}?", "how many [hours|days] went into {o}?"),
         lambda rng: f"{values.count(rng)} {rng.choice(('hours', 'days', 'weeks', 'months', 'years', 'minutes'))}"),
    Form(("{o} is made [out |]of {v}", "they made {o} [from|out of|of] {v}", "{o} consists of {v}", "{v} is what {o} is made of", "you would not think it, but {o} is pure {v}", "it was {v} they used for {o}"),
         ("what is {o} made of?", "[what|which] material is {o}?", "of what [does {o} consist|did they make {o}]?", "out of what was {o} made?", "what stuff is {o}?", "what did they use for {o}?"),
         lambda rng: values.one_of(rng, words.MATERIALS) if rng.random() < 0.7 else values.made_up(rng, capital=False)),
    Form(("inside {o} [we found|I found|there was|there is|somebody left] {v}", "{o} [contains|is full of|was filled with|hides] {v}", "{v} [came|fell|dropped] out of {o}", "when we opened {o}, [there lay|we saw|out came] {v}", "{o} was empty except for {v}"),
         ("what is inside {o}?", "what was in {o}?", "what does {o} contain?", "what came out of {o}?", "what are the contents of {o}?", "what did we [find|see] in {o}?", "what is in there, in {o}?"),
         _some),
    Form(("nobody may {base} {o} without {v}", "without {v} you [cannot|must not|may not] {base} {o}", "whoever wants to {base} {o} needs {v}", "to {base} {o} you [need|must have|have to bring] {v}", "{v} is [needed|required|a must] if you want to {base} {o}", "the rule is that {o} is not {part} without {v}"),
         ("what do you need to {base} {o}?", "without what may nobody {base} {o}?", "what is [needed|required] to {base} {o}?", "what does one need for {o}?", "what must I have to {base} {o}?", "what is the rule about {o}?"),
         lambda rng: _some(rng) if rng.random() < 0.7 else values.person(rng)),
    Form(("{v} comes right after {o}", "[right|straight|directly] after {o} comes {v}", "first {o}, then {v}", "{o} is followed by {v}", "once we are done with {o}, {v} is next", "{v} follows {o}", "after {o} it is the turn of {v}"),
         ("what comes after {o}?", "what follows {o}?", "by what is {o} followed?", "what is next after {o}?", "what do we do once {o} is done?", "{o} comes first, and then?", "what is the follower of {o}?"),
         _some),
    Form(("{s} [brought|got|took|had|bought] {o} from {v}", "{o} [comes|came|is|was sent|was brought] from {v}", "the [sender|giver|source] of {o} is {v}", "{v} gave us {o}", "we have {v} to thank for {o}", "{o} was a [gift|present] from {v}"),
         ("from whom is {o}?", "who gave us {o}?", "who is {o} from?", "where does {o} come from?", "whose gift was {o}?", "whom can we thank for {o}?", "what is the [source|origin] of {o}?"),
         lambda rng: values.person(rng) if rng.random() < 0.6 else values.company(rng)),
    Form(("{o} [goes|is going|travels|was sent|was shipped|is on its way] to {v}", "they [took|sent|shipped|drove|moved] {o} to {v}", "{v} is [where they sent|the destination of|where we take] {o}", "the [address|label|ticket] on {o} says {v}", "{o} left for {v} [this morning|yesterday|last night]"),
         ("where is {o} going?", "to which [city|town|place] was {o} sent?", "what is the destination of {o}?", "where did they [take|send] {o}?", "where will {o} [end up|arrive|land]?", "for where did {o} leave?"),
         values.city),
    Form(("{o} [has|comes with|is made up of|consists of] {v} {g}", "there are {v} {g} in {o}", "in {o} there is room for {v} {g}", "{v} {g} fit into {o}", "{o}: {v} {g}", "I counted {v} {g} in {o}"),
         ("how many {g} are in {o}?", "how many {g} [has {o}|does {o} have]?", "what number of {g} [is|fits] in {o}?", "how many {g} did I count?", "with how many {g} does {o} come?", "the number of {g} in {o}?"),
         lambda rng: str(rng.randrange(3, 9000)) if rng.random() < 0.6 else values.count(rng)),
    Form(("{o} needs [cleaning|checking|a wash|a repair|new oil|some care] {v}", "{v} somebody [checks|looks after|cleans|inspects] {o}", "do not forget to [check|clean|feed|water] {o} {v}", "{o} gets [checked|cleaned|inspected] {v}", "{v} it is time to look after {o}"),
         ("how often [must|should] I look after {o}?", "how often does {o} need care?", "when is it time for {o}?", "how regularly is {o} looked after?", "when does {o} need us?", "in what rhythm is {o} looked after?"),
         _one_of(_OFTEN)),
    Form(("instead of {o}, {s} {past} {v}", "{s} wanted to {base} {o} but {past} {v}", "{s} {past} {v} and not {o}", "not {o} but {v} is what {s} {past}", "rather than {base} {o}, {s} {past} {v}"),
         ("what did {s} {base} instead of {o}?", "what was {part} instead of {o}?", "what did {s} {base}, if not {o}?", "in place of {o}, what did {s} {base}?", "what was {part} in the end?"),
         _some),
    Form(("while {s} {past} {o}, {v} [came in|rang the bell|fell asleep|started to sing]", "{v} [came in|rang|called|arrived] just as {s} {past} {o}", "{s} {past} {o} when suddenly {v} [called|came in|stood there]", "the day {s} {past} {o}, {v} was there too"),
         ("who was there when {s} {past} {o}?", "who turned up while {s} {past} {o}?", "who was around when {o} was {part}?", "when {s} {past} {o}, who [joined|was with them]?", "in whose presence was {o} {part}?"),
         values.person),
    Form(("{s} {past} three things: {o}, a [chair|flag|candle] and {v}", "{s} {past} {o} and also {v}", "besides {o}, {s} {past} {v}", "both {o} and {v} were {part}", "{o} was {part}, and so was {v}", "along with {o}, {v} was {part} as well"),
         ("what was {part} besides {o}?", "what else was {part}?", "what did I name together with {o}?", "{o} and what else [was|got] {part}?", "along with {o}, what was {part}?"),
         _some),
    Form(("the {k} of {o} reminds [me|us|everyone] of {v}", "by its {k}, {o} could be {v}", "{o} has the {k} of {v}", "{o} has the same {k} as {v}", "you know {o} by its {k}, which is like {v}"),
         ("what does {o} remind us of?", "what has the same {k} as {o}?", "whose {k} does {o} have?", "what does the {k} of {o} remind [me|us] of?", "what is {o} like?", "to what is the {k} of {o} similar?"),
         _some),
    Form(("{o} - {v}, [before noon|urgent|with {w2}|please keep]", "{o}: {v} ([new|see {w2}|urgent|confirmed])", "re {o}, {v}", "note on {o}: {v}", "{o} = {v}", "{o}, see {v}"),
         ("what is my note on {o}?", "what did I note [about|on|for] {o}?", "what have I written down for {o}?", "is there a note about {o}?", "what goes with {o}?", "what [belongs|stands] next to {o}?"),
         lambda rng: rng.choice((values.person, values.code, values.date, values.amount))(rng)),
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
        words_of = dict(self.words)
        named = any(
            self.pattern.startswith("{" + who + "}") and words_of[who][:1].isupper()
            for who in ("s", "w2")
        )
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
        missing = [
            each for each in ("{s}", "{o}", "{w}", "{g}", "{k}", "{w2}") if each not in self.pattern
        ]
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
    does, acted, act, doer = values.one_of(rng, words.DOERS)  # pyright: ignore[reportArgumentType]
    comes, come, coming = values.one_of(rng, words.EVENTS)  # pyright: ignore[reportArgumentType]
    scales, scale, scaled, high, far = values.one_of(rng, words.SCALES)  # pyright: ignore[reportArgumentType]
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
        "w2": _teller(rng),
        "s2": {"I": "me", "we": "us", "they": "them"}.get(who, who),
        "does": does,
        "acted": acted,
        "act": act,
        "doer": doer,
        "comes": comes,
        "come": come,
        "coming": coming,
        "scales": scales,
        "scale": scale,
        "scaled": scaled,
        "high": high,
        "far": far,
        "team": values.one_of(rng, words.PLURALS),
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
