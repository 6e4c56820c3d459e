"""Questions the small model must honestly decline, and small talk it may answer. Mostly data."""

from random import Random

from scripts.starter import plain, values, words
from scripts.starter.patterns import expand

DECLINED = "I am the small built-in guide. For this, install a larger model from the Models page."

SUBJECTS = """quantum physics|the moon|volcanoes|the French Revolution|Shakespeare|black holes|football
the stock market|dinosaurs|cooking|politics|the ocean|Napoleon|photosynthesis|tax law|climate change|ancient Rome
jazz|the human heart|chess openings|electric cars|the pyramids|blockchain|gravity|vaccines|bees|trees|the weather
space travel|history|love|music theory|DNA|the economy|bridges|poetry|medicine|sleep|diets|yoga|investing|mortgages
evolution|the Middle Ages|world war two|the Vikings|Mars|comets|earthquakes|glaciers|coral reefs|sharks|elephants
dolphins|mushrooms|wine|cheese|coffee|tea|chocolate|bread|pasta|vegan cooking|fitness|marathons|swimming|tennis
basketball|the Olympics|Formula 1|painting|sculpture|opera|cinema|novels|fairy tales|mythology|religion|philosophy
ethics|psychology|happiness|stress|parenting|dogs|cats|gardening|roses|solar panels|wind turbines|nuclear power
batteries|robots|machine learning|neural networks|Python programming|JavaScript|SQL queries|Linux kernels|compilers
algorithms|sorting algorithms|recursion|regular expressions|web design|statistics|probability|calculus|geometry
prime numbers|logic|economics|inflation|taxes|contracts|immigration|democracy|elections|the constitution|law
marriage|fashion|makeup|hair|travel|hotels|flights|visas|the desert|rivers|mountains|islands|weather forecasts
astrology|dreams|memory|the brain|the lungs|headaches|flu|back pain|vitamins|allergies in general|pregnancy""".replace(
    "\n", "|"
).split("|")

_ASKED = (
    "[what is|what's|what are|explain|define|describe|tell me about|tell me something about|teach me|what do you know about|give me an overview of] {s}[?|]",
    "[explain|describe] {s} [to me|to a child|in simple words|simply|in detail|step by step]",
    "[write|compose|make|give me|I want|create] [a|me a|a short|a funny|a long] [poem|song|story|essay|letter|speech|haiku|limerick|blog post|rap|article|dialogue|tweet|report] [about|on] {s}",
    "[write|compose|make up] [a|me a|a short|a nice] [poem|song|story|letter|toast|greeting|card|message|ballad] for [{n}|a friend|my mother|the wedding|a birthday|{y}]",
    "who [invented|discovered|wrote|painted|built|composed|founded|created|designed] [{s}|{y}|the {z}|the telephone|the {a}|'{t}']?",
    "how [does|do] {s} work?",
    "why [is|are] {s} [important|so popular|interesting|dangerous|difficult]?",
    "what [do you think|is your opinion|are your thoughts] [about|of|on] {s}?",
    "[give me|tell me|list|name|I need] [some|three|five|ten|a few] [facts|tips|ideas|examples|books|reasons|questions] [about|for|on] {s}",
    "[what is|what's] the [capital|population|currency|president|language|flag|history|weather|area|mayor|national dish] of {y}?",
    "who is the [president|king|queen|mayor|prime minister|boss|owner|captain] of {y}?",
    "who [is|was] {n} [{x}|]?",
    "who won [the {y} cup|the world cup|the election|the game|the race|the Nobel prize] in {d}?",
    "what happened in {d}[| in {y}]?",
    "[translate|say|how do you say|what is] '{y} {z}' [into|in] {l}",
    "translate [this|the following|'good morning'|'thank you'|a sentence|a letter] [into|to] {l}",
    "how do [you say|I say] [{z}|hello|thank you|goodbye|please|I love you|water] in {l}?",
    "how [tall|big|old|far|deep|heavy|large|long|high|fast] is [{y}|the {z}|the {a}|a {a}|{s}]?",
    "how far is it from {y} to {c}?",
    "[what is|what's|how is] the weather [in {y}|today|tomorrow|like|in {y} today]?",
    "will it [rain|snow|be sunny|be cold] [in {y}|tomorrow|today|on Sunday]?",
    "[write|create|make|give me|code] [a|me a|some] [Python|JavaScript|C|Java|SQL|Go|C++|shell|TypeScript|PHP] [function|script|program|class|query|code] [that {v}s a list|for {z}|to sort numbers|to parse a file|that reverses a string|for a game|to read a CSV]",
    "[fix|debug|explain|review|improve|optimise|refactor] this [code|function|program|script|error]: {z} = {v}({d})",
    "what does this [code|error|regex|function] mean: {v}({z})",
    "[implement|program|code] [a|an] [binary search|linked list|bubble sort|web server|calculator|snake game|chess engine|parser] [in Python|in C|for me|]",
    "[recommend|suggest] [a|me a|some|a good] [book|film|restaurant|song|recipe|game|series|hotel|wine|gift|podcast] [about {s}|in {y}|for tonight|for {n}|]",
    "how do I [cook|bake|make|prepare|fry|grill] [{f}|a {z}|{f} with {g}]?",
    "[give me|what is|I need] [a|the] recipe for [{f}|{z}|{f} soup|dinner|a cake]",
    "what [can|should|could] I [cook|eat|make|bake] [today|tonight|for dinner|with {f}|with {f} and {g}|for lunch]?",
    "[is|are] {s} [better than|worse than|as good as|the same as] {q}?",
    "[is it|is {f}|are {g}] [healthy|good for you|bad for you|safe to eat|dangerous]?",
    "what [is the|does] [meaning of {z}|{z} mean|word '{z}' mean|synonym for {z}|opposite of {z}|plural of {z}]?",
    "what is the difference between {s} and {q}?",
    "[compare|contrast] {s} [and|with] {q}",
    "who [wrote|sang|directed|plays in|starred in] [{y}|'{t}'|{t}]?",
    "should I [buy|sell|get|take|rent|invest in] [a {z}|{s}|a house|a car|stocks|bitcoin|a {a}]?",
    "how [do|can|should] I [lose weight|sleep better|learn {l}|get rich|save money|fix my {z}|clean a {z}|repair a {z}|find a job|make friends|quit smoking|study better|get fit|write a CV|train my {a}]?",
    "I [feel|am] [sad|lonely|tired|stressed|sick|bored|angry|anxious|hungry] [today|right now|], [what should I do|what can I do|any advice|help me]?",
    "my [head|back|stomach|tooth|arm|leg|foot|throat|ear|shoulder|eye|neck|hand] [hurts|aches|is swollen], [what should I do|why|what can I take|is it serious|should I worry]?",
    "I have a [cold|fever|headache|cough|rash|toothache], what [helps|should I take|can I do]?",
    "what [time|day|date|year] is it[| in {y}| now| today]?",
    "what is today's date?",
    "[what is|what's] the latest news[| about {s}| from {y}]?",
    "[play|sing|draw|paint|show me] [{z}|a song|a {a}|a picture of a {z}|some music|a video|a map of {y}]",
    "[plan|organise|book] [a trip to {y}|my holiday|a party|a weekend in {y}|a flight to {y}|a table|my week|a workout]",
    "what [should I see|can I do|is there to see|are the best sights] in {y}?",
    "how many [people live in {y}|{a}s are there|planets are there|countries are in Europe|days has a year|bones are in the body|continents are there|letters are in the alphabet]?",
    "[what is|calculate|what's] the [square root of {d}|integral of x|derivative of sin x|area of a circle|value of pi|sine of {d}|cube of {d}]?",
    "[solve|what is x in] [this equation: |]{d}x + 3 = {e}",
    "[what is|calculate|compute] {d} [times|*|x|divided by|/] {e}",
    "where [is|lies|can I find] [{y}|the {a}|the nearest {z} shop|the north pole|a good doctor]?",
    "when [did|was] [{n} die|{n} born|{y} founded|the war end|the {z} invented|Rome built]?",
    "in which [year|country|century|city] [was|is] {y}[| founded| built]?",
    "[help me with|do|solve|check] my [homework|exam|essay|maths|assignment|thesis chapter|tax return|cover letter]",
    "[write|draft|answer|improve|send] [an|my|this|the] [email|application|letter|complaint|cover letter] to [my boss|{n}|my landlord|the bank|a customer|a friend]",
    "[find|search|look up|google] [{z}|{s}|{y}|the phone number of {n}|flights to {y}|cheap hotels] [on the internet|online|for me|]",
    "[order|buy|call|book] [me a|a] [{f}|taxi|{z}|pizza|cab|doctor]",
    "[set|start] [a timer|an alarm] [for {e} minutes|for 7 am|]",
    "[turn on|switch off|dim] the [light|lights|radio|heating|TV]",
    "[do you|can you] [love me|dream|feel pain|believe in god|think|like {s}|have feelings|see me|hear music|drive a car|draw|speak {l}|play chess]?",
    "what is the [meaning of life|best {z}|biggest {a}|fastest {a}|oldest {z}|tallest building|longest river|highest mountain|smallest country|largest planet|deepest lake]?",
    "which is [better|faster|bigger|older|nicer], {y} or {c}?",
    "[can|could|would] you [help me understand|teach me|explain|summarise] {s}?",
    "[summarize|summarise|review] [the book|the film|the article|the novel] {t}",
    "[let's|can we] [play a game|play chess|play hangman|talk about {s}|discuss {s}|do a quiz]",
    "[pretend|imagine|act as if] you are [a pirate|{n}|a {a}|my doctor|a teacher|a king]",
    "[I want to learn|I'd like to know more|I have a question|teach me more] about {s}",
    "[give me|I need|any] advice [on|about] {s}",
    "[name|list|tell me] [a|some|three|ten] [rivers|cities|animals|colours|words that rhyme with {z}|names for a {a}|names for my {z}|countries in Africa|kings of {y}|names for a band|slogans for a shop]",
    "[does|do] {s} [exist|hurt|cost much|make sense]?",
    "[what|which] [clothes|shoes|phone|laptop|car|camera|bike] should I [wear|buy] [today|for {y}|]?",
    "[what is|what's] your [favourite colour|favourite film|opinion|age|birthday|favourite food]?",
    "[rewrite|rephrase|proofread|correct|shorten] this [sentence|text|paragraph]: the {z} {v}s the {a}",
    "is {y} [a city|in Europe|far away|worth a visit|expensive|dangerous]?",
    "[correct|check] my [grammar|spelling]: {z} are {v}",
    "[how|why] do [airplanes fly|cats purr|birds sing|we dream|stars shine|magnets work|ships float|leaves fall|volcanoes erupt]?",
    "[tell me|read me] [a story|a bedtime story|a fairy tale|a riddle|a secret|something interesting|the news|a fun fact|an anecdote]",
    "[continue|finish] this story: once there was a {a}",
    "what [rhymes with|is another word for|is a good name for a] {z}?",
    "[convert|change] {e} [miles to kilometres|euros to dollars|pounds to kilos|feet to metres]",
    "how much [is|are] [a {z}|{s}|{e} dollars in euros|a ticket to {y}|bitcoin]?",
)  # fmt: skip
# The same wishes in the widest words: {r} a request, {k} what is to be made, {x} anything at all.
_WIDE = (
    "{r} [{a} {y} {k}|{a} {k}|{a} {y}, {u} {k}] [about|on|for|to|against|from] {x}",
    "{r} {a} [{y} |]{k} that {third} {o}",
    "{r} {a} [{y} |]{k} [in {l}|for beginners|with an example|of ten lines|in one minute]",
    "{r} [how|why|when|where|whether] {w} {third} {o}[| in simple words| to a child| briefly| step by step]",
    "{r} {x}[| in simple words| to a child| briefly| step by step| for me| in detail]",
    "{r} the [difference between|history of|best part of|price of|rules of|parts of] {x}[ and {x}|]",
    "how [does|did|could|would|should|might] {w} {base} {o}?",
    "why [does|did|would|should|can't] {w} {base} {o}?",
    "what [happens|would happen] [if|when] {w} {third} {o}?",
    "what [causes|follows from|comes after|belongs to|is behind|is inside] {x}?",
    "[is it true|are you sure|do you believe|could it be] that {w} {third} {o}?",
    "[which|what] {k} is the {y}est[| of all| in the world| for {x}| ever made]?",
    "what is the {y}est {k} [in {c}|of the world|ever|there is|for {x}]?",
    "my {n} {past} {o}, what [now|can I do|should I do|does that mean]?",
    "my {n} is {y} and {u}, [what now|what can I do|help|why is that|is that normal]?",
    "I [need|want|would like|am looking for] {a} [{y} |]{k} [about|for|on|against] {x}",
    "[any idea|do you know|can you tell me|I wonder] [how|why|when|where] {w} {past} {o}?",
    "[thoughts on|what about|your opinion on|anything on|facts on|news on] {x}?",
    "[should|can|may|must] I {base} {a} [{y} |]{n} [before|after|with|without] {x}?",
    "how [much|many|long|far|old|fast|safe|healthy|expensive] is {a} [{y} |]{n}[| in {c}| today| these days]?",
    "who [was|is|were] [the first to {base} {x}|{w}|the {y}est {k}]?",
    "[let's|let us|shall we|can we] {base} {a} [{y} |]{n}[| together| tonight]",
    "{k} [about|for|on] {x}[| please]",
)  # fmt: skip
_REQUESTS = """explain write describe draft compose list suggest compare translate plan solve invent imagine rank
sketch outline paraphrase simplify rewrite convert design recommend define analyse estimate guess predict classify
criticise generate produce prepare program prove summarise sort name show spell sing calculate check improve correct
find discuss teach review check recite debate quote""".split()
_KINDS_OF_TEXT = """message email poem letter story speech plan list recipe script function program table joke song essay
toast review summary paragraph headline slogan riddle dialogue formula diagram menu route schedule budget comment
caption advert contract tune film country planet language animal engine theory novel drink sport tool medicine law
metal number colour city river disease plant religion currency dance holiday battle painter king treaty""".split()
_HOW = """short friendly long formal funny sad polite simple clever serious angry modern cheap detailed little strange
old new quick slow loud quiet deep green warm cold rare common strong weak rich dark bright""".split()
_OPENINGS = [
    "",
    "",
    "",
    "",
    "",
    "please ",
    "hey, ",
    "ok, ",
    "so, ",
    "now ",
    "can you ",
    "could you ",
]

IDLE = (
    "The [weather|garden|evening|morning|food|music|film|traffic] [was|is] [nice|lovely|bad|quiet|long|strange|great|cold].",
    "[I am|I feel|we are|everything is] [fine|good|well|tired|back|ready|happy][| today| now].",
    "It [rains|is raining|is sunny|is late|is early|snows|is windy] [today|here|again|outside].",
    "[I had|we had] [a long day|a good meal|a nice walk|a busy week|a cup of tea].",
    "[ok|okay|alright|I see|hm|hmm|interesting|yes|no|sure|right|fine|good|great|cool|wow|oh|nice|maybe|of course][.|!|]",
    "The {z} [near|by|behind] the {w} [was|looked|seemed] [quiet|old|bright|empty|new].",
    "[let me think|wait a moment|one moment|just a second|give me a minute|never mind|forget it|whatever].",
    "[I like|I enjoy] [this|it|talking to you|it here].",
)
NODDED = "I see."


def foreign(rng: Random) -> str:
    """A question of the wide world."""
    text = _in_wide_words(rng) if rng.random() < 0.45 else _in_usual_words(rng)
    return values.one_of(rng, _OPENINGS) + text


def _in_wide_words(rng: Random) -> str:
    text = expand(values.one_of(rng, _WIDE), rng)
    third, past, base, _ = values.one_of(rng, plain.VERBS)  # pyright: ignore[reportArgumentType]
    said = {
        "{r}": lambda: values.one_of(rng, _REQUESTS),
        "{k}": lambda: values.one_of(rng, _KINDS_OF_TEXT),
        "{a}": lambda: rng.choice(("a", "the", "some", "another", "a")),
        "{y}": lambda: values.one_of(rng, _HOW),
        "{u}": lambda: values.one_of(rng, _HOW),
        "{x}": lambda: _anything(rng),
        "{w}": lambda: rng.choice(
            (f"the {values.one_of(rng, words.THINGS)}", f"a {values.one_of(rng, words.ANIMALS)}",
             f"the {values.one_of(rng, words.JOB_LIST)}", values.person(rng), "water", "everybody")
        ),
        "{o}": lambda: rng.choice(("", "the ", "its ", "their ")) + values.one_of(rng, words.THINGS),
        "{n}": lambda: values.one_of(rng, words.THINGS + words.ANIMALS),
        "{c}": lambda: values.city(rng),
        "{l}": lambda: values.one_of(rng, words.LANGUAGES),
        "{third}": lambda: third,
        "{past}": lambda: past,
        "{base}": lambda: base,
    }  # fmt: skip
    for slot, make in said.items():
        while slot in text:
            text = text.replace(slot, make(), 1)
    return text


def _anything(rng: Random) -> str:
    match rng.randrange(6):
        case 0:
            return values.made_up(rng, capital=rng.random() < 0.5)
        case 1:
            return f"{values.one_of(rng, words.THINGS)}s"
        case 2:
            return values.one_of(rng, words.FOODS)
        case 3:
            return rng.choice((values.city(rng), values.person(rng), values.title(rng)))
        case _:
            return subject(rng)


def _in_usual_words(rng: Random) -> str:
    text = expand(values.one_of(rng, _ASKED), rng)
    fillings = {
        "{s}": lambda: subject(rng),
        "{q}": lambda: subject(rng),
        "{y}": lambda: values.city(rng),
        "{c}": lambda: values.city(rng),
        "{z}": lambda: values.one_of(rng, words.THINGS),
        "{a}": lambda: values.one_of(rng, words.ANIMALS),
        "{f}": lambda: values.one_of(rng, words.FOODS),
        "{g}": lambda: values.one_of(rng, words.FOODS),
        "{t}": lambda: values.title(rng),
        "{n}": lambda: values.person(rng),
        "{x}": lambda: values.surname(rng),
        "{l}": lambda: values.one_of(rng, words.LANGUAGES),
        "{v}": lambda: values.made_up(rng, capital=False),
        "{d}": lambda: str(rng.randrange(100, 2030)),
        "{e}": lambda: str(rng.randrange(100, 900)),
    }
    for slot, make in fillings.items():
        if slot in text:
            text = text.replace(slot, make())
    return text


def asked(text: str) -> str:
    """Such a question without its opening."""
    opening = max((each for each in _OPENINGS if text.startswith(each)), key=len)
    return text.removeprefix(opening)


def subject(rng: Random) -> str:
    if rng.random() < 0.75:
        return values.one_of(rng, SUBJECTS)
    return f"{values.made_up(rng, capital=False)} {rng.choice(('theory', 'art', 'science', 'history'))}"


def idle(rng: Random) -> str:
    text = expand(values.one_of(rng, IDLE), rng)
    text = text.replace("{z}", values.one_of(rng, words.THINGS))
    return text.replace("{w}", values.one_of(rng, words.THINGS))


def small_sum(rng: Random) -> tuple[str, str]:
    """A sum of numbers below a hundred, and its answer."""
    a, b = rng.randrange(100), rng.randrange(100)
    sign = rng.choice("++-")
    if sign == "-" and b > a:
        a, b = b, a
    said = rng.choice(("plus", "and", "+", "+") if sign == "+" else ("minus", "less", "-", "-"))
    text = expand(
        rng.choice(
            (
                "what is {a} {s} {b}?",
                "{a} {s} {b}",
                "{a}{s}{b}" if said in "+-" else "{a} {s} {b}?",
                "[calculate|compute|add up|work out|how much is|what's|tell me] {a} {s} {b}[?|]",
                "{a} {s} {b} [=|is|equals|makes][| ?]",
                "[and|so|ok,] {a} {s} {b}?",
                "what do you get for {a} {s} {b}?",
            )
        ),
        rng,
    )
    text = text.replace("{a}", str(a)).replace("{b}", str(b)).replace("{s}", said)
    return text, f"{a} {sign} {b} = {_in_steps(a, b if sign == '+' else -b)}"


def _in_steps(a: int, b: int) -> str:
    """The tens, then the ones: each step is small enough to be learnt."""
    sign, ones = "+" if b > 0 else "-", abs(b) % 10
    if abs(b) < 10 or not ones:
        return str(a + b)
    first = a + b - ones if b > 0 else a + b + ones
    return f"{first} {sign} {ones} = {a + b}"
