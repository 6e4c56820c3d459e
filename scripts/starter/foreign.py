"""Questions the small model must honestly decline, and small talk it may answer. Mostly data."""

import re
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
astrology|dreams|memory|the brain|the lungs|headaches|flu|back pain|vitamins|allergies in general|pregnancy
marine biology|the periodic table|acids and bases|electricity|magnetism|relativity|string theory|the big bang
supernovas|Saturn's rings|satellites|telescopes|radio waves|lasers|semiconductors|3D printing|drones|cryptography
passwords in general|computer viruses|operating systems|databases|cloud computing|spreadsheets|version control
functional programming|unit testing|data structures|Rust programming|Java|HTML and CSS|game development|big data
trigonometry|fractions|matrices|set theory|topology|infinity|the golden ratio|Fibonacci numbers|percentages
the Cold War|the Silk Road|the Black Death|the Renaissance|the Industrial Revolution|the Ottoman Empire|the Aztecs
the Incas|Cleopatra|Genghis Khan|Julius Caesar|Queen Victoria|the Berlin Wall|the Titanic|pirates|knights|samurai
castles in general|slavery|colonialism|the Great Wall|the Amazon|the Sahara|Antarctica|the Alps|the Himalayas
the Pacific|time zones|tectonic plates|hurricanes|tornadoes|tsunamis|the water cycle|rainbows|snow|drought
deforestation|recycling|plastic waste|endangered species|whales|penguins|octopuses|spiders|ants|butterflies|snakes
crocodiles|wolves|horses|parrots|bacteria|viruses|antibiotics|cancer|diabetes|asthma|insomnia|migraine|depression
anxiety|first aid|blood pressure|cholesterol|protein|sugar|salt|the immune system|the liver|teeth|eyesight
pregnancy tests|breastfeeding|toddlers|teenagers|school uniforms|homework in general|bullying|friendship|jealousy
divorce|inheritance law|copyright|patents|human rights|the United Nations|the European Union|NATO|lobbying
capitalism|socialism|feminism|free will|utilitarianism|stoicism|existentialism|Buddhism|Islam|Christianity|Hinduism
meditation|hypnosis|body language|public speaking|negotiation|leadership|teamwork|remote work|job interviews|CVs
marketing|advertising|cryptocurrencies|pensions in general|index funds|insurance in general|credit cards
house prices|minimalism|interior design|carpentry|plumbing|wallpaper|lawn care|compost|tomatoes|bonsai trees
beekeeping|knitting patterns|sewing|pottery glazes|origami|photography|film noir|anime|comics|ballet|hip hop
the Beatles|Mozart|Beethoven|Van Gogh|Picasso|Leonardo da Vinci|Tolstoy|Homer's Odyssey|haiku|sonnets|grammar
commas|irregular verbs|Esperanto|sign language|Latin proverbs|rugby|cricket|baseball|boxing|cycling|rock climbing
skiing|surfing|pilates|stretching|camping|road trips|backpacking|cruise ships|jet lag|customs rules|street food
sourdough|sushi|curries|barbecue|cocktails|beer brewing|olive oil|spices|etiquette|superstitions|ghosts|aliens
zodiac signs|tarot cards|conspiracy theories|chess|poker|board games|crossword puzzles|magic tricks|juggling""".replace(
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
    "what [is the meaning of {z}|does {z} mean|does the word '{z}' mean|is a synonym for {z}|is the opposite of {z}|is the plural of {z}]?",
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
    "when [did {n} die|was {n} born|was {y} founded|did the war end|was the {z} invented|was Rome built]?",
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
    "[capital|population|currency|flag|president|time zone|area|national anthem|history|mayor] [of |]{y}",
    "[weather|forecast|temperature|snow report|pollen count|rain radar|sunrise] {y}[| tomorrow| this weekend| tonight]",
    "{f} recipe[| easy| vegan| for two| without {g}| quick]",
    "{s} [explained|for dummies|in a nutshell|basics|cheat sheet|pros and cons|timeline|meaning|examples|facts]",
    "{y} to {c} [by train|by car|cheapest way|distance|flight time|on foot]",
    "[I need|I am looking for|I'd like|is there|give me] a [regex|regular expression|SQL query|shell command|one-liner|spreadsheet formula|bash script|macro] [that|which] [matches {z}s|finds every {a}|removes duplicates|counts the {z}s|validates an email address|renames all files|adds up a column]",
    "why does [my|this|the] [code|build|script|query|loop|compiler|website|test] [crash|fail|hang|throw an exception|return null|run so slowly|print nothing]?",
    "[I get|I keep getting|it says|the compiler says] ['{v} is not defined'|TypeError: {v} is not a function|exit code {d}|a segmentation fault|NullPointerException|'cannot import {v}'|index out of range] in line {e}. [What is wrong|How do I fix it|What does it mean]?",
    "[convert|port|rewrite|translate] [this|my|the following] [function|class|script|snippet|loop] from [Python|Java|C|Ruby|Perl] to [Rust|Go|Kotlin|C++|Swift]",
    "[what does this do|find the bug|please explain|is this correct|make this faster]: [def {v}(x): return x * {d}|for (i = 0; i < {d}; i++) {v}(i);|SELECT {v} FROM {z}s|<div class={v}></div>]",
    "[write|give me|add|I need] [unit tests|documentation|a docstring|type hints|a commit message|comments] for [the|a|this] function {v}",
    "what is the [time complexity|running time|big O] of [quicksort|a hash table lookup|a binary tree search|the function {v}]?",
    "which [data structure|framework|library|design pattern|programming language] is best for [{s}|a game|a {z} shop|a small website|beginners]?",
    "[prove|show|disprove] that [there are infinitely many primes|the square root of two is irrational|{d} is a prime|one equals two|the angles of a triangle add up to 180 degrees]",
    "if {n} has {e} {z}s and [gives away half|loses a third|buys {d} more|sells {e} of them], how many are [left|there]?",
    "is {d} [a prime number|divisible by seven|a perfect square|an even number|a palindrome|a leap year]?",
    "[what is|find|give me|work out] the [average|median|greatest common divisor|product|least common multiple|standard deviation] of {d}, {e} and 1{e}",
    "what are the [odds|chances] [of rolling two sixes|of winning the lottery|that it snows in {y}|of drawing an ace|that two people share a birthday]?",
    "[riddle me this|here is a riddle|solve this riddle|crack this one]: what has [keys but no locks|a {z} but no {a}|hands but cannot clap|teeth but cannot bite]?",
    "which [animal|bird|fish|insect|mammal] [lives the longest|has three hearts|never sleeps|is the fastest|lays the biggest eggs|can change its colour]?",
    "which [country|city|state|island] [has the most {a}s|drinks the most coffee|has no army|lies between {y} and {c}|has the longest coast|borders {y}]?",
    "[true or false|quiz question|trivia|fact check]: {y} [has more {a}s than people|was once a capital|is older than {c}|lies below sea level]",
    "[why|how|when] did [the Roman empire fall|{y} become independent|the war between {y} and {c} begin|the dinosaurs die out|people start to use {z}s|{n} lose the throne]?",
    "what [were the causes|were the consequences|was the outcome] of [the battle of {y}|the treaty of {c}|the revolution in {y}|the great fire of {c}]?",
    "why [is the sky blue|is the sea salty|do onions make us cry|do we yawn|does ice float|do {a}s migrate|is a {z} hollow|do knuckles crack]?",
    "[is it legal|is it allowed|am I allowed|is it a crime] to [record a phone call|keep {a}s|cut a neighbour's hedge|fly a drone in {y}|sell {f} from home|park on the pavement|work without a contract]?",
    "[my landlord|my employer|the airline|the shop|a neighbour] [refuses to pay|won't fix the {z}|kept the deposit|cancelled everything], what are my rights?",
    "[how do I|what is the best way to|what do I need to] [file a tax return|open a bank account|pay off a loan|invest {d} euros|ask for a pay rise|split the rent fairly|start a business|write an invoice|apply for a visa]?",
    "[what are the symptoms of|what helps against|how do doctors treat|is there a cure for|what causes] [the flu|migraine|food poisoning|a bee sting|high blood pressure|asthma|insomnia|hay fever|{v} syndrome]?",
    "how many [calories|vitamins|grams of protein|grams of sugar] are in [{f}|a plate of {f}|a bowl of {f}]?",
    "[how long|at what temperature] [do|should|must] I [boil|bake|roast|steam|freeze|cook] {f}?",
    "[what can I use instead of|what goes well with|how long can I keep|how do I store|is there alcohol in] {f}?",
    "[plan|suggest|put together|work out] a [three-day|one-week|weekend|two-week|ten-day] [itinerary|road trip|city break|hiking tour] [through|in|around] {y}[| on a budget| with kids| in winter]",
    "[do I need|should I take|is it wise to bring] [a visa|vaccinations|a rail pass|cash|an adapter|warm clothes] [for|to] {y}?",
    "[who holds|what is|who broke] the world record [in|for] [the marathon|the high jump|the 100 metres|eating {f}|{v}ball]?",
    "explain the [rules|scoring|positions|basics] of [cricket|rugby|baseball|curling|poker|{v}ball]",
    "[who will win|who is the favourite in|what was the score in|who refereed] [the match|the final|the derby] between {y} and {c}?",
    "how do you [pronounce|spell|conjugate|translate] '{v}'[| in {l}| in English]?",
    "['{z}' in {l}|{l} for '{z}'|'{z}' {l} translation|{l} word for {z}][?|]",
    "is it ['who' or 'whom'|'affect' or 'effect'|'less' or 'fewer'|'{v}' or '{v}s'|'lie' or 'lay'][ in this sentence|]?",
    "when do I use [a semicolon|the subjunctive|'which' and 'that'|the past perfect|an apostrophe|the dative in {l}]?",
    "[synonyms for|antonyms of|rhymes with|anagrams of|the etymology of|another word for|the plural of|use in a sentence:] '{z}'",
    "[help me|I want to|I have to|I need to] [apologise to|thank|congratulate|invite|complain to|cheer up|flirt with] [{n}|a colleague|a customer|an old friend|the council]. [What should I write|How do I put it|Can you word it]?",
    "make [this|the note|the text below] [more polite|friendlier|less formal|shorter|more convincing|more professional]: [the {z} is late again|we need no {a}s|send the {z} to {n} now]",
    "[what is a good name for|help me name|name ideas for|I need a name for] [a {a}|a baby girl|a bakery in {y}|a rock band|a startup that sells {z}s|a fantasy kingdom][?|]",
    "[come up with|think of|brainstorm|invent] [a slogan|a catchy name|a motto|a jingle|a hashtag|a plot twist] for [a {z} shop|{n}'s bakery|a charity run|a novel about {s}]",
    "[you are now|from now on you are|act as|speak as|play] [a pirate|a strict teacher|a Victorian detective|a job interviewer|a {a} that can talk|{n} the wizard|a stand-up comedian] [and answer in character|and ask me questions|and greet me]",
    "[do you prefer {s} or {q}|do you agree that {s} will change the world|is the fuss about {s} justified|would you trust {n}|would you rather be a {a} or a {z}|would you rather live in {y} or in {c}]?",
    "[pros and cons of|advantages of|arguments for and against|the downsides of|what speaks against] {s}[?|]",
    "{s} [vs|versus|or] {q}[?|: which is better?|: which is easier to learn?]",
    "[what's going on|what happened|any news|what has changed|who was elected] in {y} [this week|today|yesterday|lately|last night]?",
    "what is the [price|current value] of [gold|oil|silver|bitcoin|{v} stock] [right now|today]?",
    "[tell me|make up|I want to hear] [a joke|a pun|a knock-knock joke|a dad joke|a one-liner] about [a {a} and a {z}|{s}|lawyers|a man from {y}]",
    "[a quote|famous words|a proverb|an inspiring line|a saying] [about|on] {s}[, please|]",
    "who said ['{v} is the {z} of the soul'|'I think, therefore I am'|'the {a} {v}s alone'|that {s} would never last]?",
    "how [do|can|would] [you|one|we|I] [unclog a drain|remove a red wine stain|get rid of moths|hang a {z} without nails|fix a leaking tap|paint a {z}|sharpen a knife|descale a kettle|change a tyre|jump-start a car]?",
    "[when|how often|where] should I [plant|water|prune|fertilise] [roses|tomatoes|an apple tree|the lawn|tulips|a {v} bush]?",
    "the [engine|clutch|gearbox|washing machine|boiler|dishwasher|toilet] [makes a strange noise|won't start|smells burnt|is leaking|keeps beeping]. [What could it be|How do I fix it|Is it dangerous]?",
    "[make|draw up|create|build] me a [workout|meal|study|revision|training|cleaning|savings] plan [for {e} days|for beginners|for the whole week|without {f}|for a family of four]",
    "[tell me how to|what's the best way to|I'd love to know how to|where do I start if I want to] [train for a marathon|eat less sugar|write a novel set in {y}|become a pilot|learn {l} in a year|throw a surprise party]",
    "[the homework is to|our teacher wants us to|for school we have to|for class we must] [describe {s}|draw a {a}|write two pages on {s}|explain how a {z} works|find the main idea of a poem]. [Help me|Can you do it|Give me an outline]",
    "[what are|give me|ask me] [common|typical|tricky|some] [interview|exam|quiz|ice-breaker] questions [for a teacher|about {s}|on {s}|for a job in {y}|for children]",
    "[write|draft|I need] [a LinkedIn post|an Instagram caption|a tweet|a product review|a dating profile|a video description|a press release] [about|for] [{s}|a trip to {y}|a new {z}|{n}'s bakery]",
    "[what should I read|what shall we watch|which film would you pick|what can I listen to] [after {t}|if I liked {t}|on a rainy day|tonight|on a long flight|with children]?",
    "[films|books|songs|games|shows|albums] [like|similar to|as good as] {t}",
    "[how does {t} end|what is the plot of {t}|who dies in {t}|is {t} based on a true story|who is the villain in {t}]?",
    "[do we have free will|is there life after death|what is consciousness|is lying always wrong|can a {z} be beautiful|what makes a life good|does time exist|why is there something rather than nothing]?",
    "[encode|decode|encrypt|decipher|reverse] [the word |the text |]'{v}'[| in base64| in Morse code| with a Caesar cipher]",
    "[what is|write|say|give me] {d} in [binary|hexadecimal|Roman numerals|Morse code]",
    "how many [letters|vowels|syllables|consonants] are [there |]in [the word |]'{v}'?",
    "[sort|order|alphabetise|rank|group|shuffle] [these|the following words|these items]: {z}, {a}, {v}, {f}",
    "[extract|pull out|find|mark] [all names|every number|the dates|the verbs|the places|the key terms] in [this text|the following paragraph|the article]: {n} saw a {a} near {y} in {d}",
    "[summarise|shorten|give me the gist of|boil down|put in simpler words] [this article|the following text|the text below|this email]: [the {z} market in {y} has grown since {d}|scientists found a {a} in {y}|dear {n}, the {z} was damaged]",
    "[classify|label|rate|judge] the [sentiment|tone|mood] of [this review|this sentence|the comment]: [I hated the {z}|what a lovely {a}|the {z} was fine]",
    "[continue|complete|finish] the [sequence {d}, {e}, 1{e}|proverb: the early {a}|rhyme: there was a {a} from {y}|sentence: a {z} without a {a}]",
    "can [{a}s swim|a {a} see in the dark|you eat {f} raw|plants hear|one live without a {z}|people breathe on Mars]?",
    "[I was wondering whether you could|would you be so kind as to|I would be grateful if you could|if it isn't too much trouble, could you] [explain {s} to me|translate a letter into {l}|write a short speech about {s}|help me plan a trip to {y}|check an essay for mistakes|draft a reply to {n}|tell me who invented the {z}]",
    "[I am looking for|I'm searching for|I could use|can you find me] [a good book on {s}|a cheap flight to {y}|a doctor who speaks {l}|a present for a {a} lover|lyrics about {s}|a film like {t}|a used {z}]",
    "[imagine|suppose|assume] [{a}s could talk|the moon vanished|{y} had won the war|money did not exist|everyone spoke {l}]. [What would change|How would we live|Who would gain]?",
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
    "[which|what] {k} is the {m}[| of all| in the world| for {x}| ever made]?",
    "what is the {m} {k} [in {c}|of the world|ever|there is|for {x}]?",
    "my {n} {past} {o}, what [now|can I do|should I do|does that mean]?",
    "my {n} is {y} and {u}, [what now|what can I do|help|why is that|is that normal]?",
    "I [need|want|would like|am looking for] {a} [{y} |]{k} [about|for|on|against] {x}",
    "[any idea|do you know|can you tell me|I wonder] [how|why|when|where] {w} {past} {o}?",
    "[thoughts on|what about|your opinion on|anything on|facts on|news on] {x}?",
    "[should|can|may|must] I {base} {a} [{y} |]{n} [before|after|with|without] {x}?",
    "how [much|many|long|far|old|fast|safe|healthy|expensive] is {a} [{y} |]{n}[| in {c}| today| these days]?",
    "who [was|is] [the first to {base} {x}|{w}|the {m} {k}]?",
    "[let's|let us|shall we|can we] {base} {a} [{y} |]{n}[| together| tonight]",
    "{k} [about|for|on] {x}[| please]",
    "{x} [explained|in a nutshell|for beginners|pros and cons|history|meaning|price|near {c}|in {l}|vs {x}]",
    "{y} {k} {x}",
    "best {k} [for|about] {x}[| in {c}| ever| this year]",
    "{k} [ideas|examples|template|samples|tips] [for|about] {x}",
    "[I was wondering|I'd like to know|I have always wondered|could you tell me|nobody could tell me] [how|why|whether|when] {w} {third} {o}",
    "[would|could|can|will] you [kindly |please |]{r} {a} {k} [about|on|for] {x}[ and keep it {y}| in {l}| for me|]?",
    "I am [looking for|after|in need of|thinking about] {a} {y} {k} [about|on|with|for] {x}",
    "{x}: [what is it|how does it work|who invented it|is it {y}|yes or no|good or bad|when did it start]?",
    "[here is|this is|below is|I wrote] {a} {k} [about|on] {x}; [please |could you |]{r} it[| and make it {y}| in {l}| for a child| line by line]",
    "take the {k} [about|on] {x} and {r} it[| in {l}| as a {k}| in a {y} tone]",
    "[as|like|in the voice of|in the style of] {w}, {r} {a} {k} [on|about] {x}",
    "[what|which] {k} [would you|should one|do people|do experts] [pick|choose|recommend|take|avoid] [for|after|before] {x}?",
    "[is|was] {x} [really |ever |still |]{y}[| or {u}| in {c}| these days]?",
    "[are|were] there [any |more |still |]{n}s in {c}[| before the war| today]?",
    "[where|when|how|why] was the [first |last |{m} |]{n} [made|found|invented|used|sold]?",
    "who [made|invented|discovered|owned|destroyed|paid for] the [first |{m} |]{n} [of|in] {c}?",
    "how many {n}s [does|can|should|did] {w} {base}[| a year| in {c}| on average]?",
    "[can|could|may|will|would|must] {w} {base} {o}[| without {x}| in {c}| under water| at night]?",
    "[does|did|will] {c} {base} [more |fewer |better ]{n}s than {c}?",
    "a {n} or a {n}: which is [better|cheaper|safer|heavier|prettier][| for {x}]?",
    "[what is|is this|show me] the [best|right|fastest|cheapest|safest] way to {base} a {n}[| in {c}| without {x}]?",
    "[tips|steps|instructions|tools|ideas] for [someone who wants|people trying|beginners learning] to {base} a {n}",
    "[three|five|ten|a dozen|some] {y} [ideas|words|lines|questions|names|sentences|gifts|facts] [about|on|for] {x}",
    "[if|when] {w} {third} {o}, [who pays|what follows|is that legal|will it be {y}|how long does it last|what does science say]?",
    "in {c}, [how|why|when|where] do people {base} {n}s?",
    "[quick question|one question|question|serious question]: [how|why|when] [does|did|would] {w} {base} {o}?",
    "{r} [both|the two|these]: {x} and {x}",
    "[a child|a customer|a friend|someone] [wants to know|asked me|keeps asking] [why|how|when] {w} {third} {o}. [What do I say|What is the answer|Can you help]?",
    "help me [understand|choose|improve|finish|start|write] {a} {y} {k} [about|for] {x}",
    "[how about|what is wrong with|what is so {y} about|who needs|what makes people like] {x}?",
    "{r} {a} {k}. [It should be|Make it|Keep it] {y}[ and {u}|, with {x} in it|, and mention {x}|].",
    "{l} [word|phrase|expression|name] for {x}[?|]",
    "{x}, {x} or {x}[?|: which one?|: pick one.|: what fits best?]",
)  # fmt: skip
_REQUESTS = """explain write describe draft compose list suggest compare translate plan solve invent imagine rank
sketch outline paraphrase simplify rewrite convert design recommend define analyse estimate guess predict classify
criticise generate produce prepare program prove summarise sort name show spell sing calculate check improve correct
find discuss teach review recite debate quote
phrase reword expand shorten condense decode encode count interpret illustrate demonstrate evaluate justify assess
proofread edit annotate brainstorm devise build develop craft formulate deduce derive prioritise organise
categorise extract identify research investigate verify forecast visualise dramatise narrate memorise present pitch
argue refute praise examine clarify elaborate deliver fetch order arrange assemble mix adapt""".split()
_KINDS_OF_TEXT = """message email poem letter story speech plan list recipe script function program table joke song essay
toast review summary paragraph headline slogan riddle dialogue formula diagram menu route schedule budget comment
caption advert contract tune film country planet language animal engine theory novel drink sport tool medicine law
metal number colour city river disease plant religion currency dance holiday battle painter king treaty
memo postcard invitation apology petition manifesto sermon lullaby ballad sonnet limerick anecdote fable myth
screenplay monologue interview quiz crossword puzzle proof equation theorem graph chart flowchart timeline
spreadsheet regex algorithm class loop module query website logo blueprint checklist itinerary timetable workout diet
meal cocktail dessert sauce remedy exercise lesson lecture syllabus textbook dictionary glossary biography obituary
résumé reference invoice quote tender brochure leaflet flyer newsletter podcast trailer melody chord symphony prayer
horoscope proverb pun prank costume gift hashtag tweet blog thread comparison forecast diagnosis
experiment hypothesis survey questionnaire debate verdict statute election empire dynasty volcano desert mountain
lake insect bird mammal dinosaur galaxy element mineral molecule vitamin virus vaccine bridge cathedral aircraft""".split()
_HOW = """short friendly long formal funny sad polite simple clever serious angry modern cheap detailed little strange
old new quick slow loud quiet deep green warm cold rare common strong weak rich dark bright
polished dramatic romantic scary poetic neutral critical persuasive technical scientific academic casual cheerful
gentle ironic precise vague famous typical traditional classic exotic healthy vegan tasty spicy heavy light
safe dangerous useful useless beautiful ugly noisy lazy brave wild gloomy creative original practical
affordable luxurious historical fictional realistic balanced honest catchy witty touching heroic""".split()
_MOST = """shortest longest oldest newest biggest smallest fastest slowest cheapest richest strongest saddest funniest
strangest rarest darkest brightest deepest coldest warmest tallest heaviest best worst""".split()
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
_POLITE = ("please ", "can you ", "could you ")
_COMMANDS = {
    *_REQUESTS,
    *"""tell give list make play teach help name book find search look order buy call set start turn switch act
    pretend imagine continue finish read code fix debug implement recommend suggest port put think speak ask mark
    pull boil encode decode encrypt decipher reverse alphabetise group shuffle label rate judge complete disprove
    take compute draw paint create optimise refactor rephrase summarize contrast""".split(),
}
_AN = re.compile(r"\ba (?=[aei]|o(?!ne)|u(?!s|ni|ku))")

IDLE = (
    "The [weather|garden|evening|morning|food|music|film|traffic] [was|is] [nice|lovely|bad|quiet|long|strange|great|cold].",
    "[I am|I feel|we are|everything is] [fine|good|well|tired|back|ready|happy][| today| now].",
    "It [rains|is raining|is sunny|is late|is early|snows|is windy] [today|here|again|outside].",
    "[I had|we had] [a long day|a good meal|a nice walk|a busy week|a cup of tea].",
    "[ok|okay|alright|I see|hm|hmm|interesting|yes|no|sure|right|fine|good|great|cool|wow|oh|nice|maybe|of course][.|!|]",
    "The {z} [near|by|behind] the {w} [was|looked|seemed] [quiet|old|bright|empty|new].",
    "[let me think|wait a moment|one moment|just a second|give me a minute|never mind|forget it|whatever].",
    "[I like|I enjoy] [this|it|talking to you|it here].",
    "[what|such] a [day|week|morning|mess|surprise|night|lovely evening][.|!]",
    "[the kids|the neighbours|the birds|the trams|the students] [are|were] [loud|quiet|asleep|busy|late] [today|again|this morning].",
    "[almost|nearly|finally|soon] [weekend|done|lunchtime|bedtime|there|over][.|!|]",
    "[that|this|it] [makes sense|sounds good|is funny|is a pity|is true|went well|took a while|was to be expected].",
    "[I'm just|just] [looking around|thinking aloud|chatting|trying this out|passing time|having a break].",
    "[haha|lol|phew|ugh|aha|well|hmm okay|fair enough|no worries|no problem|good to know|got it|you're right|my bad|so be it|as you like|that's life][.|!|]",
    "[I think|I guess|I suppose|I hope] [so|not|it will be fine|we will see|that is enough|it gets better].",
    "[I need|I could do with|time for] [a break|a coffee|some sleep|some fresh air|a moment][.|!|]",
    "[the bus|the train|the post|lunch|the lift] [was|is] [late|slow|full|early] [again|today|as always].",
    "[summer|winter|spring|autumn] [came|ends|starts|passes] [early|late|quickly|slowly] [this year|here].",
)
NODDED = "I see."


def foreign(rng: Random) -> str:
    """A question of the wide world."""
    text = _in_wide_words(rng) if rng.random() < 0.45 else _in_usual_words(rng)
    opening = values.one_of(rng, _OPENINGS)
    if opening in _POLITE and text.split(" ", 1)[0] not in _COMMANDS:
        opening = ""
    return opening + _AN.sub("an ", text)


def _in_wide_words(rng: Random) -> str:
    text = expand(values.one_of(rng, _WIDE), rng)
    third, past, base, _ = values.one_of(rng, plain.VERBS)  # pyright: ignore[reportArgumentType]
    said = {
        "{r}": lambda: values.one_of(rng, _REQUESTS),
        "{k}": lambda: values.one_of(rng, _KINDS_OF_TEXT),
        "{a}": lambda: rng.choice(("a", "the", "some", "another", "a")),
        "{y}": lambda: values.one_of(rng, _HOW),
        "{u}": lambda: values.one_of(rng, _HOW),
        "{m}": lambda: values.one_of(rng, _MOST),
        "{x}": lambda: _anything(rng),
        "{w}": lambda: rng.choice(
            (f"the {values.one_of(rng, words.THINGS)}", f"a {values.one_of(rng, words.ANIMALS)}",
             f"the {values.one_of(rng, words.JOB_LIST)}", values.person(rng), "water", "everybody")
        ),
        "{o}": lambda: rng.choice(("", "the ", "its ", "their ")) + values.one_of(rng, words.THINGS),
        "{n}s": lambda: _plural(values.one_of(rng, words.THINGS + words.ANIMALS)),
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
            return _plural(values.one_of(rng, words.THINGS))
        case 2:
            return values.one_of(rng, words.FOODS)
        case 3:
            return rng.choice((values.city(rng), values.person(rng), values.title(rng)))
        case _:
            return subject(rng)


def _plural(word: str) -> str:
    if word in ("stairs", "moose", "salmon", "trout"):
        return word
    if word in ("wolf", "shelf"):
        return f"{word[:-1]}ves"
    if word[-1] == "y" and word[-2] not in "aeo":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _in_usual_words(rng: Random) -> str:
    text = expand(values.one_of(rng, _ASKED), rng)
    fillings = {
        "{s}": lambda: subject(rng),
        "{q}": lambda: subject(rng),
        "{y}": lambda: values.city(rng),
        "{c}": lambda: values.city(rng),
        "{z}s": lambda: _plural(values.one_of(rng, words.THINGS)),
        "{a}s": lambda: _plural(values.one_of(rng, words.ANIMALS)),
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
