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
            "in my passport it says {v}, and that is my name", "my parents [chose|picked] the name {v} for me",
            "[if you need|should you need] a name for me, take {v}", "[sign it|address me|greet me] as {v}", "the person [typing|writing|sitting here] is {v}",
            "[my grandmother|my teacher|nobody but my boss] [always says|calls me|knows me as] {v}",
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
            "who [are you talking to|is talking to you|is writing to you]?",
            "[who|what] did my parents name me?", "what name [is mine|do I have|do I go by|stands in my passport]?", "by [what|which] name do you know me?",
            "with whom are you speaking?", "I am called what?", "how do I sign my letters?", "how would you [greet|address] me?",
            "who [sits here|is the person typing|is this]?",
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
            "after years [abroad|on the road|in the country] we [found a home|bought a flat|made our home] in {v}",
            "[my flat|my house|our place] [lies|stands] in the middle of {v}", "I share a [flat|house] in {v} with [two friends|my family|my cat]",
            "you can visit me in {v}, where my [bed|house|home] is", "[since|ever since] [the spring|last year|I got married] {v} has been my [home|town]",
            "I [wake up|pay my rent|have my home] in {v}",
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
            "where [can people|would you] visit me?", "[what|which] [town|city|place] [is|became] my home?", "where [is|did I find] my home?",
            "where do I have my [flat|house|home]?", "where do I [reside|stay|dwell]?", "what is my place of residence?", "where would a letter to my home go?",
            "[where|in which town] am I at home?",
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
            "my mother gave birth to me in {v}", "as a child I [lived|went to school|played in the streets] in {v}",
            "my family [comes|stems] from {v} and so do I", "the town [where I was born|of my birth|I grew up in] is {v}",
            "I left {v}, my birthplace, [years ago|when I was young]", "[long ago|before the war|on a cold night] I was born in {v}",
        ),
        (
            "where do I come from?",
            "where was I born?",
            "what is my [hometown|birthplace]?",
            "where did I grow up?",
            "[do you remember|tell me] where I come from?",
            "what is my place of birth?", "in [which|what] [town|city] was I born?", "where did I spend my childhood?",
            "where did I [live|go to school] as a child?", "what town was I raised in?", "where does my family come from?", "where are my roots?",
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
            "[people pay me|they pay me|I get paid] for being a {v}", "[after school|at twenty|last spring] I [trained to be|became|qualified as] a {v}",
            "on my card it says that I am a {v}", "since [I left school|the autumn|the move] I have worked as a {v}",
            "being a {v} is [hard|good] work, I [do it every day|know it]", "I make a living as a {v}, [like my mother|believe it or not|and I love it]",
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
            "what work do I do?", "what am I [by trade|by profession|at work]?", "how do I make [a living|my money]?",
            "what did I [train|qualify] as?", "what does it say on my card?", "as what do I [work|get paid]?",
            "what did I say about my [work|job|trade]?",
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
            "[every morning|each day] I [go to my desk|start my shift] at {v}", "my [pay|salary|wage] comes from {v}",
            "I signed [a contract|my contract] with {v} [last week|in spring|yesterday]", "the [company|firm] that employs me is {v}",
            "my boss at {v} [gave me the day off|is very kind|knows about it]", "I earn my money at {v}",
        ),
        (
            "where do I work?",
            "who do I work for?",
            "who is my employer?",
            "[which|what] [company|firm] do I work [for|at]?",
            "[do you remember|tell me] where I work?",
            "what's the name of my company?",
            "who [employs|pays|hired] me?", "from whom do I get my [pay|salary|wage]?", "with whom did I sign [a|my] contract?",
            "what is the name of [the firm|my workplace|my employer]?", "where [is|do I have] my job?", "at which firm am I employed?",
            "where do I earn my money?",
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
            "I was born {v} years ago", "[last week|yesterday|today] I had my birthday and I am now {v}", "I have [lived|been alive] for {v} years",
            "there [were|are] {v} candles on my birthday cake", "at {v} I am [the oldest|the youngest] [in my family|in our choir]",
            "I celebrated my birthday, the number on the cake was {v}",
        ),
        (
            "how old am I?",
            "what is my age?",
            "[do you remember|tell me|do you know] [how old I am|my age]?",
            "what's my age?",
            "how many years [old am I|have I lived]?", "how many candles [were|are] on my cake?", "what age have I reached?", "what number was on my birthday cake?",
            "what did I say about my age?", "I am how old?",
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
            "no thing relaxes me [more than|like] {v}", "when work is over I [turn to|go for|do some] {v}",
            "[my wife|my mother|everyone] says I spend too much time on {v}", "[as a child|years ago|at school] I fell in love with {v}",
            "on my days off you will find me {v}", "for fun I do a lot of {v}",
        ),
        (
            "what is my hobby?",
            "what do I [do|like] in my [free|spare] time?",
            "what do I enjoy[| doing]?",
            "[do you remember|tell me|do you know] my hobby?",
            "how do I spend my [weekends|evenings|free time]?",
            "what am I passionate about?",
            "what do I do [for fun|on my days off|after work|to relax]?", "what [is my passion|is my pastime]?",
            "what do I spend [too much|my spare|all my] time on?", "what did I fall in love with?", "what is [a|the] hobby of mine?",
            "what do I turn to when work is over?",
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
            "my [evening class|teacher|course] [is teaching|teaches] me {v}", "[twice a week|every evening|on the train] I study {v}",
            "it is hard to learn {v}, but I [try|keep at it]", "I would like to speak {v} [well|like a native], so I take [a course|lessons]",
            "[for my work|for love|for a trip] I had to learn {v}", "my {v} is getting better with each lesson",
        ),
        (
            "[which|what] language am I [learning|studying]?",
            "what am I [learning|studying]?",
            "[do you remember|tell me] which language I am learning?",
            "[which|what] language do I practise?",
            "what language [am I taught|do I study|do I take lessons in|do I want to speak]?", "what is my [course|evening class] about?",
            "which language did I [start|begin|have] to learn?", "which tongue am I trying to speak?", "in what do I take lessons?",
            "what is getting better with each lesson?",
        ),
        "Language",
        _language,
    ),
    Family(
        "instrument",
        ("I [play|learn|practise|am learning] the {v}", "my instrument is the {v}", "I take {v} lessons",
         "[every day|at night|after dinner] I practise on my {v}", "in the [band|orchestra] I am the one with the {v}",
         "I [have been playing|have played] the {v} since I was six", "[my neighbours|my family] hear me playing the {v}",
         "[my grandfather|my aunt] left me a {v}, which I play"),
        (
            "[which|what] instrument do I [play|learn]?",
            "what do I play?",
            "what is my instrument?",
            "[do you remember|tell me] which instrument I play?",
            "what do I play in the [band|orchestra]?", "on what do I practise?", "what kind of instrument is mine?", "what do the neighbours hear me play?",
            "what am I the player of?", "what have I [been playing|played] for years?",
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
            "the doctor [found|says|told me] that I react badly to {v}", "if there is {v} in it, I [get a rash|get ill|cannot have it]",
            "[no|never any] {v} for me, [please,|] because of my allergy", "my body [does not stand|fights|cannot take] {v}",
            "even a little {v} [gives me a rash|makes my throat swell|is bad for me]", "keep {v} away from me, I am allergic",
        ),
        (
            "what am I allergic to?",
            "[which|what] allergy do I have?",
            "[do you remember|tell me|do you know|remind me of] my allergy?",
            "what is my allergy?",
            "what [must I not|can't I|may I not] eat?",
            "what do I react to?", "what should nobody [serve|cook for|give] me?", "what [makes me ill|gives me a rash|is bad for me]?",
            "what did the doctor say I [react to|am allergic to]?", "what should you keep away from me?", "what food is dangerous for me?",
            "what can my body not take?", "which [food|thing] must I avoid?",
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
            "I have [made up my mind|promised my mother|set my heart on it], I will {v}", "[if all goes well|when I have time|once I am free] I shall {v}",
            "it is my [aim|dream|goal|wish] to {v}", "I am [thinking of it and will|getting ready to|planning to] {v}", "what I [want|mean|plan] to do is {v}",
            "next [up|thing]: {v}",
        ),
        (
            "what is my plan?",
            "what [do I plan|am I going|do I want|did I plan|do I intend] to do?",
            "what did I say I would do?",
            "[do you remember|tell me] my plan?",
            "what are my plans?",
            "what's my plan?",
            "what is my [aim|goal|dream|wish]?", "what am I [getting ready|planning|about] to do?",
            "what have I [made up my mind|set my heart on|promised] to do?", "what shall I do [next|if all goes well]?", "what do I [mean|want|wish|hope] to do?",
            "what have I got planned?", "what did I decide to do?",
        ),
        "Plan",
        _plan,
    ),
    Family(
        "car",
        ("I drive a {v}", "my car is a {v}", "I [have|bought|own|got] a {v} car", "we [drive|have] a {v}, a [nice|fast|red] car",
         "[the keys|these keys] belong to my car, a {v}", "I [went|came|got] here in my car, [a|the] {v}", "my [garage|drive] holds a {v}, the car I drive",
         "as a driver of a {v} I [pay little tax|park anywhere|know every garage]", "they [repaired|towed|washed] my car, the {v}"),
        ("[what|which] car do I [drive|have|own]?", "what is my car?", "what do I drive?", "what kind of car is mine?",
         "what am I the driver of?", "[what|which] [make|model|brand] is my car?", "in what [car|] did I come here?", "what [stands|is parked] in my garage?",
         "what sort of car do I [drive|own]?", "I drive what?"),
        "Car",
        _car,
    ),
    Family(
        "email",
        ("my [email|email address|e-mail|mail address] is {v}", "[write|mail|send it] to {v}, [that's my email|it's my address]", "email: {v}", "you can [reach|mail] me at {v}",
         "my inbox is {v}", "for [letters|post|mail] on the net I use {v}", "please send [the files|it all|your answer] to my mail address, {v}",
         "I [read|get] my mail at {v}", "if you want to write me an email, {v} will do"),
        ("what is my [email|email address|e-mail|mail address]?", "what's my email?", "[tell me|do you remember|remind me of] my email[| address]?", "which address do I use for email?",
         "where can people [mail|email] me?", "what is my [inbox|mail]?", "to what address [do I want|should you send] my mail?",
         "where do I [read|get] my mail?", "how can somebody write to me by email?", "where should an email for me go?"),
        "Email",
        values.email,
    ),
    Family(
        "phone",
        ("my [phone number|number|telephone number|mobile number] is {v}", "[call|reach|phone] me [at|on|under] {v}", "phone: {v}", "{v} is my phone number",
         "if you dial {v}, I will answer the phone", "[text|ring] me on {v}", "my [mobile|phone|telephone] has the number {v}",
         "I can be [reached|called|phoned] on {v}", "under {v} my phone will ring"),
        ("what is my [phone number|number|telephone number|mobile number]?", "what's my phone number?", "[tell me|do you remember|remind me of] my phone number?", "[which|what] number do I have?",
         "how can [people|you] [call|reach|phone] me?", "[what|which] number do you dial to reach me?",
         "on [what|which] number can I be [called|reached|phoned]?", "where do you ring me?", "what do you dial to call me?",
         "what is the number of my [mobile|phone|telephone]?"),
        "Phone number",
        values.phone,
    ),
    Family(
        "diet",
        ("I [am|eat|cook|live|became] {v}", "my diet is {v}", "I keep a {v} diet", "[please note|remember], only {v} food for me",
         "the only food I [cook|touch|order] is {v}", "[for a year|since March|for my health] my meals have been {v}", "my kitchen is strictly {v}",
         "I am on a {v} diet", "[my doctor|my sister] [got me to|says I must] eat {v}", "when I eat out, I ask for {v} food"),
        ("what is my diet?", "what kind of food do I eat?", "[which|what] diet do I keep?", "how do I eat?",
         "what sort of [meals|food] do I [cook|want|have|order]?", "what diet am I on?", "how do I like my meals?", "what do I ask for when I eat out?",
         "what kind of eater am I?", "what is my kitchen like?"),
        "Diet",
        _diet,
    ),
)  # fmt: skip

# About somebody: `{n}` is who.
OTHERS = (
    Family(
        "their job",
        ("my {n} [works as|is|became|started as|is working as] a {v}", "my {n}'s job is {v}", "my {n} earns a living as a {v}", "my {n}, [a|the] {v}, [is at work|works a lot|is busy]",
         "they [hired|pay|employ] my {n} as a {v}", "[after school|last year|in spring] my {n} trained to be a {v}", "my {n} makes money as a {v}",
         "if you need a {v}, [ask|call] my {n}", "I heard that my {n} is now a {v}"),
        ("what does my {n} do[| for a living]?", "what is my {n}'s [job|profession]?", "what does my {n} work as?", "[tell me|do you remember] my {n}'s job?",
         "how does my {n} [earn|make] [a living|money]?", "what is my {n} [by trade|by profession|at work]?", "what [work|kind of job] does my {n} do?",
         "what was my {n} [hired|employed|trained] as?", "as what does my {n} work?", "what did my {n} train to be?"),
        "{N}'s job",
        _job,
        words.PEOPLE,
        2,
    ),
    Family(
        "their city",
        ("my {n} [lives in|moved to|is based in|stays in|just moved to] {v}", "my {n}'s home is [|in ]{v}", "I visited my {n} in {v}", "my {n} [has a flat|has a house|studies] in {v}",
         "in {v} there is a house where my {n} lives", "my {n} pays rent in {v}", "[since May|for years] {v} has been the home of my {n}",
         "my {n} found a home in {v}", "to see my {n} I [drive|travel] to {v}"),
        ("where does my {n} live?", "[which|what] city does my {n} live in?", "where is my {n} based?", "[tell me|do you remember] where my {n} lives?", "where did my {n} move to?",
         "where is the home of my {n}?", "in which [town|city|place] is my {n}'s home?", "where do I [go|travel|drive] to see my {n}?",
         "where has my {n} [moved to|found a home|settled]?", "what [town|city] is home to my {n}?", "where would I visit my {n}?"),
        "{N}'s city",
        values.city,
        words.PEOPLE,
        2,
    ),
    Family(
        "their age",
        ("my {n} [is|just turned|turned|will be] {v}[| years old| this year]", "my {n}'s age is {v}", "my {n} is {v} years old",
         "my {n} was born {v} years ago", "[yesterday|last week] my {n} had a birthday and is now {v}", "we put {v} candles on the cake for my {n}",
         "my {n} has lived for {v} years", "at the age of {v}, my {n} [started to swim|still works|bought a boat]"),
        ("how old is my {n}?", "what is my {n}'s age?", "[tell me|do you remember] how old my {n} is?",
         "how many years [old is my {n}|has my {n} lived]?", "how many candles were on the cake of my {n}?", "what age has my {n} reached?", "what age is my {n}?",
         "what do you know about the age of my {n}?", "my {n} is how old?"),
        "{N}'s age",
        _age,
        words.PEOPLE,
    ),
    Family(
        "their number",
        ("my {n}'s [phone number|number] is {v}", "[call|reach] my {n} [at|on|under] {v}", "my {n} has the number {v}",
         "dial {v} for my {n}", "the phone of my {n} rings under {v}", "if something happens, phone my {n} at {v}", "[text|ring] my {n} on {v}",
         "my {n} has a new phone, the number is {v}"),
        ("what is my {n}'s [phone number|number]?", "how can I [call|reach] my {n}?", "[which|what] number does my {n} have?", "[tell me|do you remember] my {n}'s phone number?",
         "what do I dial for my {n}?", "where can I [phone|ring|text] my {n}?", "on [what|which] number is my {n} to be [reached|called]?",
         "what is the number of my {n}?", "how do I get my {n} on the phone?", "which number is my {n}'s?"),
        "{N}'s number",
        values.phone,
        words.PEOPLE,
    ),
    Family(
        "their taste",
        ("my {n} [likes|loves|adores|collects|always wants|wants] {v}", "my {n} is [fond of|crazy about|mad about] {v}",
         "nothing pleases my {n} [more than|like] {v}", "for the next birthday my {n} wants {v}",
         "my {n} [cannot live|never leaves the shop|won't go home] without {v}", "the thing my {n} [enjoys|likes|loves] most is {v}",
         "you can make my {n} happy with {v}"),
        ("what does my {n} [like|love|collect|want]?", "what is my {n} [fond of|crazy about]?", "[tell me|do you remember] what my {n} likes?",
         "what [pleases|delights] my {n}?", "with what can I make my {n} happy?", "what does my {n} [enjoy|adore|go for|never go without]?",
         "what should I [buy|bring] to make my {n} happy?", "what is to the taste of my {n}?", "which thing does my {n} love?"),
        "{N} likes",
        values.food,
        words.PEOPLE,
    ),
)  # fmt: skip
