"""Facts of which a person has one, and facts about the people around them.

Data only, in the form of `families`.
"""

from random import Random

from scripts.starter import values, words
from scripts.starter.families import Family


def _job(rng: Random) -> str:
    if rng.random() < 0.75:
        return values.one_of(rng, words.JOB_LIST)
    return f"{values.word(rng).lower()} {rng.choice(('maker', 'seller', 'inspector', 'trainer', 'engineer'))}"


def _age(rng: Random) -> str:
    return str(rng.randrange(12, 99))


def _hobby(rng: Random) -> str:
    if rng.random() < 0.7:
        return values.one_of(rng, words.HOBBIES)
    return f"{rng.choice(('collecting', 'carving', 'painting', 'racing'))} {values.one_of(rng, words.ANIMALS)}s"


def _language(rng: Random) -> str:
    return (
        values.one_of(rng, words.LANGUAGES) if rng.random() < 0.7 else values.made_up(rng) + "ish"
    )


def _car(rng: Random) -> str:
    return values.made_up(rng) + (f" {rng.randrange(10, 99)}" if rng.random() < 0.4 else "")


def _plan(rng: Random) -> str:
    verb = rng.choice(
        "visit|see|meet|call|paint|repair|sell|buy|clean|build|write to|move to|drive to|fly to".split(
            "|"
        )
    )
    end = rng.choice(
        (
            f"on {values.day(rng)}",
            f"in {values.one_of(rng, words.MONTHS)}",
            f"with {values.person(rng)}",
            "",
        )
    )
    return f"{verb} {values.made_up(rng)} {end}".strip()


def _instrument(rng: Random) -> str:
    return values.one_of(rng, words.INSTRUMENTS)


def _diet(rng: Random) -> str:
    return rng.choice(
        (
            "vegan",
            "vegetarian",
            "pescatarian",
            "gluten-free",
            "low-carb",
            "kosher",
            "halal",
            "raw food",
        )
    )


SINGLES = (
    Family(
        "name",
        (
            "[my name is|my name's|I am|I'm|call me|you can call me|please call me|people call me|my friends call me|everyone calls me|I am called|I go by|this is|the name's|it's|my first name is|just call me] {v}",
            "{v} [is my name|here|is who I am|is what they call me|writing|on the keyboard]",
            "name: {v}",
            "[you're|you are] [talking|chatting] [to|with] {v}",
            "[hi|hello|hey], [I am|I'm|my name is|this is|it's] {v}[| and I am new here|, nice to meet you]",
            "[they|my parents] [named|called] me {v}",
        ),
        (
            "what is my name?",
            "what's my name?",
            "who am I?",
            "what am I called?",
            "[do you remember|do you know|can you tell me|tell me|do you still know|remind me of|say] my name?",
            "how [should|do|will] you call me?",
            "what did I say my name [was|is]?",
            "[do you know|do you remember|tell me] who I am?",
            "what do [people|my friends] call me?",
            "my name?",
            "what name did I give you?",
            "who [are you talking|is talking|is writing] to[| you]?",
        ),
        "Name",
        values.person,
        often=4,
    ),
    Family(
        "city",
        (
            "I [live in|'m living in|am living in|am based in|moved to|just moved to|recently moved to|stay in|reside in|settled in|have lived for years in] {v}",
            "[my home is|home is|our home is|my flat is|my house is|our house is] in {v}",
            "[my|our] [city|home town|town|home] is {v}",
            "we live in {v}[| now| these days]",
            "[greetings from|hello from] {v}, where I live",
            "{v} is [my home|my city|home for me|where my home is]",
            "I [am|write to you] from {v}, [I live there|that's my home]",
        ),
        (
            "where do I live?",
            "[which|what] [city|town|place] do I live in?",
            "in [which|what] [city|town] [do I live|am I based|is my home]?",
            "[do you remember|do you know|tell me|remind me|can you tell me] where I live?",
            "where is my [home|house|flat]?",
            "what is my [city|town|home town]?",
            "where am I [based|living]?",
            "where did I move to?",
        ),
        "City",
        values.city,
        often=3,
    ),
    Family(
        "from",
        (
            "I [come from|was born in|grew up in|am originally from|was raised in] {v}",
            "originally I [am|come] from {v}",
            "[my birthplace is|my hometown is|I spent my childhood in] {v}",
        ),
        (
            "where do I come from?",
            "where was I born?",
            "what is my [hometown|birthplace]?",
            "where did I grow up?",
            "[do you remember|tell me] where I come from?",
        ),
        "Hometown",
        values.city,
    ),
    Family(
        "job",
        (
            "I [work as|am|am working as|earn my living as|have a job as|started as|was hired as|make my money as] a {v}",
            "my [job|profession|occupation] is {v}",
            "by [profession|trade] I am a {v}",
            "I'm a {v}[| by profession| by day]",
            "I have been a {v} [for years|since last year|for ten years]",
        ),
        (
            "what is my [job|profession|occupation]?",
            "what's my [job|profession]?",
            "what do I do for a living?",
            "what do I work as?",
            "[do you remember|do you know|tell me|remind me of] my [job|profession]?",
            "[which|what] job do I have?",
            "how do I earn my [living|money]?",
            "what [was|is] my line of work?",
        ),
        "Job",
        _job,
        often=3,
    ),
    Family(
        "employer",
        (
            "I [work at|work for|just started at|am employed at|got a job at|was hired by|am with] {v}",
            "my [employer|company|firm] is {v}",
            "{v} [is my employer|hired me|pays my salary]",
        ),
        (
            "where do I work?",
            "who do I work for?",
            "who is my employer?",
            "[which|what] [company|firm] do I work [for|at]?",
            "[do you remember|tell me] where I work?",
            "what's the name of my company?",
        ),
        "Employer",
        values.company,
    ),
    Family(
        "age",
        (
            "I [am|'m] {v} years old",
            "my age is {v}",
            "I [turned|just turned|became|will be] {v} [last week|yesterday|today|this year|in spring]",
            "I am {v}[| already]",
        ),
        (
            "how old am I?",
            "what is my age?",
            "[do you remember|tell me|do you know] [how old I am|my age]?",
            "what's my age?",
        ),
        "Age",
        _age,
    ),
    Family(
        "hobby",
        (
            "my hobby is {v}",
            "I [enjoy|like|love] {v}[| in my free time| at weekends]",
            "in my [free|spare] time I [like|love|do] {v}",
            "I spend my [weekends|evenings] {v}",
            "{v} is my [hobby|passion]",
            "I [took up|started] {v} [last year|recently]",
        ),
        (
            "what is my hobby?",
            "what do I [do|like] in my [free|spare] time?",
            "what do I enjoy[| doing]?",
            "[do you remember|tell me|do you know] my hobby?",
            "how do I spend my [weekends|evenings|free time]?",
            "what am I passionate about?",
        ),
        "Hobby",
        _hobby,
        often=2,
    ),
    Family(
        "language",
        (
            "I [am learning|'m studying|started to learn|began to learn|take lessons in|practise] {v}",
            "the language I am learning is {v}",
            "I [speak|know] some {v}",
        ),
        (
            "[which|what] language am I [learning|studying]?",
            "what am I [learning|studying]?",
            "[do you remember|tell me] which language I am learning?",
            "[which|what] language do I practise?",
        ),
        "Language",
        _language,
    ),
    Family(
        "instrument",
        ("I [play|learn|practise|am learning] the {v}", "my instrument is the {v}", "I take {v} lessons"),
        (
            "[which|what] instrument do I [play|learn]?",
            "what do I play?",
            "what is my instrument?",
            "[do you remember|tell me] which instrument I play?",
        ),
        "Instrument",
        _instrument,
    ),
    Family(
        "allergy",
        (
            "I [am|'m] allergic to {v}",
            "I have an allergy to {v}",
            "I [can't|cannot|must not|may not] [eat|have|touch] {v}, [I am allergic|because I am allergic|it's an allergy]",
            "[please|always] remember [that I am allergic to|my allergy to] {v}",
            "{v} [makes|make] me ill, [it's an allergy|I am allergic]",
            "my allergy is {v}",
        ),
        (
            "what am I allergic to?",
            "[which|what] allergy do I have?",
            "[do you remember|tell me|do you know|remind me of] my allergy?",
            "what is my allergy?",
            "what [must I not|can't I|may I not] eat?",
        ),
        "Allergy",
        values.food,
        often=2,
    ),
    Family(
        "plan",
        (
            "I [plan to|'m going to|want to|will|decided to|intend to|hope to|have to|need to|am about to] {v}",
            "my plan is to {v}",
            "[soon|later|next] I will {v}",
        ),
        (
            "what is my plan?",
            "what [do I plan|am I going|do I want|did I plan|do I intend] to do?",
            "what did I say I would do?",
            "[do you remember|tell me] my plan?",
            "what are my plans?",
            "what's my plan?",
        ),
        "Plan",
        _plan,
    ),
    Family(
        "car",
        ("I drive a {v}", "my car is a {v}", "I [have|bought|own|got] a {v} car", "we [drive|have] a {v}, a [nice|fast|red] car"),
        ("[what|which] car do I [drive|have|own]?", "what is my car?", "what do I drive?", "what kind of car is mine?"),
        "Car",
        _car,
    ),
    Family(
        "email",
        ("my [email|email address|e-mail|mail address] is {v}", "[write|mail|send it] to {v}, [that's my email|it's my address]", "email: {v}", "you can [reach|mail] me at {v}"),
        ("what is my [email|email address|e-mail|mail address]?", "what's my email?", "[tell me|do you remember|remind me of] my email[| address]?", "which address do I use for email?"),
        "Email",
        values.email,
    ),
    Family(
        "phone",
        ("my [phone number|number|telephone number|mobile number] is {v}", "[call|reach|phone] me [at|on|under] {v}", "phone: {v}", "{v} is my phone number"),
        ("what is my [phone number|number|telephone number|mobile number]?", "what's my phone number?", "[tell me|do you remember|remind me of] my phone number?", "[which|what] number do I have?"),
        "Phone number",
        values.phone,
    ),
    Family(
        "diet",
        ("I [am|eat|cook|live|became] {v}", "my diet is {v}", "I keep a {v} diet", "[please note|remember], only {v} food for me"),
        ("what is my diet?", "what kind of food do I eat?", "[which|what] diet do I keep?", "how do I eat?"),
        "Diet",
        _diet,
    ),
)  # fmt: skip

# About somebody: `{n}` is who.
OTHERS = (
    Family(
        "their job",
        ("my {n} [works as|is|became|started as|is working as] a {v}", "my {n}'s job is {v}", "my {n} earns a living as a {v}", "my {n}, [a|the] {v}, [is at work|works a lot|is busy]"),
        ("what does my {n} do[| for a living]?", "what is my {n}'s [job|profession]?", "what does my {n} work as?", "[tell me|do you remember] my {n}'s job?"),
        "{N}'s job",
        _job,
        words.PEOPLE,
        2,
    ),
    Family(
        "their city",
        ("my {n} [lives in|moved to|is based in|stays in|just moved to] {v}", "my {n}'s home is [|in ]{v}", "I visited my {n} in {v}", "my {n} [has a flat|has a house|studies] in {v}"),
        ("where does my {n} live?", "[which|what] city does my {n} live in?", "where is my {n} based?", "[tell me|do you remember] where my {n} lives?", "where did my {n} move to?"),
        "{N}'s city",
        values.city,
        words.PEOPLE,
        2,
    ),
    Family(
        "their age",
        ("my {n} [is|just turned|turned|will be] {v}[| years old| this year]", "my {n}'s age is {v}", "my {n} is {v} years old"),
        ("how old is my {n}?", "what is my {n}'s age?", "[tell me|do you remember] how old my {n} is?"),
        "{N}'s age",
        _age,
        words.PEOPLE,
    ),
    Family(
        "their number",
        ("my {n}'s [phone number|number] is {v}", "[call|reach] my {n} [at|on|under] {v}", "my {n} has the number {v}"),
        ("what is my {n}'s [phone number|number]?", "how can I [call|reach] my {n}?", "[which|what] number does my {n} have?", "[tell me|do you remember] my {n}'s phone number?"),
        "{N}'s number",
        values.phone,
        words.PEOPLE,
    ),
    Family(
        "their taste",
        ("my {n} [likes|loves|adores|collects|always wants|wants] {v}", "my {n} is [fond of|crazy about|mad about] {v}"),
        ("what does my {n} [like|love|collect|want]?", "what is my {n} [fond of|crazy about]?", "[tell me|do you remember] what my {n} likes?"),
        "{N} likes",
        values.food,
        words.PEOPLE,
    ),
)  # fmt: skip
