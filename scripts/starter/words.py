"""Ordinary words for lessons: names, things, kinds of facts. Data only."""

NAMES = """Anna Ben Clara David Emma Felix Grace Henry Iris Jack Kate Leo Maria Noah Olivia Paul Rosa
Sam Tina Victor Wendy Alex Bruno Chloe Daniel Elena Frank Hannah Ivan Julia Karl Laura Max Nina Oscar
Peter Rachel Simon Tom Vera Yusuf Zoe Amir Priya Kenji Lena Marco Sofia Aisha Liam Rex Milo Luna Bella
Coco Biscuit Pepper Ziggy Shadow Buddy Nala Simba Mittens Waffles Ginger Agnes Albert Alice Andrew Arthur
Astrid Barbara Beatrice Boris Carla Cedric Charlotte Colin Dana Derek Diego Dora Edgar Edith Eleanor Emil
Erik Esther Eva Fatima Fiona Florence George Gerald Gloria Gustav Harold Hector Helen Hugo Ida Ingrid Isaac
Jasper Jean Joan Jonas Judith Kai Kevin Kira Lars Leila Linda Louis Lucas Lucy Mabel Magnus Marta Martin
Matilda Mei Miriam Mona Nadia Nathan Nora Omar Otto Pablo Pavel Pia Quentin Ralph Ravi Rita Robert Ruth
Sara Silas Stella Sven Tara Theo Thomas Ulla Uma Valentin Violet Walter Wilma Xavier Yara Yvonne Zara
Duke Rocky Oreo Toffee Cookie Snowy Tiger Whiskers Misty Smokey Patch Rusty Daisy Poppy""".split()
SURNAMES = """Smith Jones Miller Brown Garcia Lopez Novak Kowalski Rossi Weber Fischer Dubois Moreau
Silva Costa Nakamura Tanaka Kim Park Chen Wang Singh Patel Khan Ali Okafor Mensah Berg Lindqvist Hansen
Jensen Virtanen Petrov Ivanova O'Brien Murphy Walsh Evans Clarke Baker Cook Turner Wright Hill Green Wood
Stone Field Marsh Ford Lane Banks Rivers""".split()
CITIES = """Paris London Berlin Madrid Rome Lisbon Vienna Prague Oslo Helsinki Dublin Boston Chicago
Denver Toronto Kyoto Osaka Seoul Mumbai Cairo Lima Quito Zurich Geneva Hamburg Munich Lyon Porto Krakow
Riga Bergen Leeds York Bath Austin Seattle Nairobi Hanoi Perth Sydney Malmö Århus Zürich Köln Málaga
Reykjavík Bogotá Montréal Antwerp Ghent Turin Naples Bristol Cardiff Galway Tartu Vilnius Gdansk Brno Graz
Basel Bern Nantes Lille Seville Valencia Athens Sofia Split Izmir Accra Lagos Dakar Tunis Delhi Pune Bali
Taipei Busan Nagoya Sendai Brisbane Dunedin Halifax Calgary Portland Tampa Memphis""".split()
COLORS = """red blue green yellow purple orange teal turquoise crimson violet black white pink brown grey
silver golden beige navy olive maroon amber indigo scarlet""".split()
FOODS = """pizza sushi lasagne ramen tacos curry pancakes risotto dumplings falafel porridge omelette
goulash paella pho gnocchi couscous hummus chili stew apples mango cherries olives walnuts almonds peanuts
cashews shellfish gluten milk eggs soy celery mustard strawberries honey ginger garlic pollen penicillin
latex mushrooms tomatoes kiwi sesame lemonade espresso cocoa cider matcha oolong chai""".split()
ANIMALS = """otter fox owl whale penguin hedgehog wolf lynx badger heron falcon beaver moose seal crow
raven swan turtle lizard panda koala tiger zebra squirrel dolphin salmon trout beetle moth""".split()
THINGS = """table lamp drawer shelf box kettle mirror window door carpet basket bottle candle clock
ladder bucket hammer pillow blanket curtain cupboard wardrobe fridge oven sink stove bench fence gate shed
cellar attic garage garden roof stairs hallway kitchen balcony desk chair sofa piano guitar violin drum
bicycle wagon anchor compass lantern map notebook pencil envelope stamp ticket wallet suitcase backpack
umbrella jacket glove scarf boot button needle thread ribbon coin medal trophy vase pot jar tray plate
spoon bowl cup bridge tower castle harbor meadow river forest island valley summit tunnel market station
rocket comet planet thunder breeze ember pebble marble velvet maple willow cedar clover thistle""".split()
UNITS = """euros dollars pounds kg grams km miles metres cm litres hours minutes days weeks pages people
boxes bottles francs kronor points steps calories seats copies degrees eggs rows GB MB""".split()
MONTHS = """January February March April May June July August September October November
December""".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
JOBS = """nurse|teacher|baker|plumber|software engineer|lawyer|chef|pilot|carpenter|librarian|gardener
dentist|journalist|photographer|bus driver|accountant|architect|farmer|vet|electrician|translator
data analyst|hairdresser|postman|biologist|musician|designer|physicist|mechanic|florist|tailor|potter
surgeon|cashier|barista|firefighter|judge|plasterer|roofer|shepherd|sailor|sculptor|tutor|waiter|welder
midwife|optician|paramedic|pharmacist|painter|piano tuner|train driver|beekeeper|bookbinder|geologist
project manager|interpreter|locksmith|novelist|bricklayer|cartographer"""
JOB_LIST = tuple(JOBS.replace("\n", "|").split("|"))
HOBBIES = tuple(
    """painting|rock climbing|knitting|astronomy|baking bread|playing the cello|birdwatching|chess|sailing
pottery|gardening|running|photography|origami|fishing|fencing|archery|juggling|weaving|hiking|kite flying
model trains|calligraphy|woodcarving|surfing|crosswords|salsa dancing|collecting stamps|brewing beer
ice skating|playing the trumpet|geocaching|embroidery|karate|restoring old radios""".replace(
        "\n", "|"
    ).split("|")
)
LANGUAGES = """Spanish French German Italian Japanese Korean Arabic Polish Dutch Swedish Portuguese Turkish
Greek Hindi Finnish Norwegian Czech Hungarian Welsh Irish Swahili Thai Hebrew Latin Catalan""".split()
INSTRUMENTS = """violin cello piano flute trumpet drums guitar harp oboe accordion banjo clarinet organ
saxophone ukulele viola""".split()

# What has a name.
NAMED = tuple(
    """dog|cat|rabbit|parrot|horse|hamster|goldfish|turtle|sister|brother|mother|father|wife|husband
daughter|son|boss|friend|neighbour|teacher|dentist|doctor|boat|guitar|project|team|company|school|street
hotel|cottage|server|laptop|printer|band|plant|cousin|uncle|aunt|manager|colleague|trainer|landlord|village
startup|robot|puppy|kitten|pony|farm|club|ship|tractor|bakery|gym|best friend|grandmother|grandfather
niece|nephew|roommate|flatmate|professor|coach|lawyer|accountant|therapist|vet|piano teacher|new boss
old teacher|beagle|poodle|terrier|tabby|budgie|ferret|gecko|tortoise|canary|sailing boat|canoe|camper van
staging server|test server|database|web server|wifi network|book club|choir|football team|daughter's school
son's teacher|wife's sister|nursery|kindergarten|university|favourite cafe|garage|hairdresser|cleaner
plumber|electrician|gardener|babysitter|godson|twin brother|stepson|partner|fiancée|mother-in-law|guinea pig
house|holiday home|ranch|restaurant|pub|theatre group|newspaper|library|publisher|bank|podcast|game
character|novel|app|website|repository|branch|app's mascot|stuffed bear|houseplant|sourdough starter""".replace(
        "\n", "|"
    ).split("|")
)
# What has a number, a word or a code.
CODED = tuple(
    """door code|PIN|wifi password|order number|locker number|badge number|flight number|invoice number
ticket number|room number|extension|customer ID|account number|licence plate|serial number
booking reference|seat number|postcode|gate code|alarm code|safe code|member number|library card|tracking number
employee number|desk number|passphrase|username|house number|train number|table number|case number
key number|bike lock code|parking space|report number|garage code|garage PIN|card PIN|phone PIN|SIM PIN
laptop password|email password|router password|database password|voucher code|discount code|tax number
passport number|policy number|contract number|student number|patient number|flat number|bus line
platform|gate|terminal|row|shelf mark|port|server port|IP address|build number|version|commit|API key name
locker code|mailbox number|apartment code|cellar key|clinic file number|membership code|ticket code
reservation code|pickup code|meter number|registration number|shoe size|hat size|ring size|part number
model number|recipe number|channel|frequency|bed number|lane|jersey number|team number|class|course code
exam room|meeting room|conference code|dial-in code|ward|bay|pitch|plot number|hangar|dock""".replace(
        "\n", "|"
    ).split("|")
)
FAVORED = """colour food season animal sport drink film book band song game flower dish author composer
city tool number day planet restaurant singer show fruit dessert cheese poet painter museum park shop toy
hero word tea soup bird tree month island beer biscuit sandwich pasta cake cafe beach lake mountain opera
podcast series actor director place meal snack vegetable spice subject teacher holiday board|game""".replace(
    "board|game", "hobby"
).split()
FILED = tuple(
    """config file|project folder|log file|notes file|backup folder|thesis|script|database|report
photo folder|diary|invoice folder|source code|music folder|recipe file|spreadsheet|manuscript|test data
key file|download folder|tax file|contract|budget sheet|presentation|novel draft|thesis draft|lab notes
dataset|build script|certificate|scans|passport scan|letter|cover letter|CV|playlist|settings file
shopping list|grades|slides|floor plan|blueprints|raw data|results|minutes|todo list|archive|invoices
receipts|screenshots|logo|template|address book|game saves|training data|firmware|schema|drawings""".replace(
        "\n", "|"
    ).split("|")
)
DATED = tuple(
    """birthday|anniversary|deadline|exam|appointment|flight|interview|wedding|meeting|holiday|concert
delivery|presentation|graduation|checkup|race|trip|launch|party|hearing|dentist appointment|driving test
parents' evening|job interview|project deadline|tax deadline|grant deadline|vet appointment|house move
sister's birthday|brother's birthday|mother's birthday|father's birthday|daughter's birthday|son's birthday
wife's birthday|husband's birthday|boss's birthday|cousin's wedding|sister's wedding|son's exam
school trip|team dinner|board meeting|release|rehearsal|opening night|surgery|blood test|inspection
book club|garage sale|yoga class|piano lesson|choir practice|football match|conference|workshop|train
barbecue|reunion|farewell party|housewarming|visa appointment|court date|payday|rent day|marathon""".replace(
        "\n", "|"
    ).split("|")
)
MEASURED = tuple(
    """budget|rent|salary|price|weight|height|distance|fee|deposit|fine|bill|limit|loan|mortgage|tip
kitchen budget|travel budget|wedding budget|marketing budget|monthly rent|phone bill|water bill|power bill
ticket price|entry fee|target|weekly target|score|record|commute|desk height|room size|parcel weight
flour|sugar|cable length|tank size|battery life|screen size|memory limit|file size|page count|word limit
speed limit|dose|waiting time|cooking time|baking time|oven temperature|discount|interest rate|tax rate
speed|savings|pension|pocket money|insurance|subscription|repair cost|taxi fare|cycling distance""".replace(
        "\n", "|"
    ).split("|")
)
LYING = tuple(
    """key|spare key|passport|wallet|umbrella|phone|charger|camera|ring|glasses|remote control|torch
toolbox|first aid kit|fuse box|main switch|ladder|vacuum|violin|bike pump|sewing kit|will|diary|medicine
house key|cellar key|car key|shed key|garage key|safe|birth certificate|tent|sleeping bag|hammer|drill
recipe book|chess set|lawn mower|water valve|thermos|scarf|black suit|gift|present|letter|watch
screwdriver|tape measure|iron|stapler|sun cream|sledge|rope|extension lead|cat carrier|dog lead|map
spare bulbs|batteries|matches|candles|tickets|memory card|hard drive|USB stick""".replace(
        "\n", "|"
    ).split("|")
)
CHOSEN = tuple(
    """shop|website|database|logo|kitchen|wedding|party|trip|new flat|bathroom|living room|project|backend
frontend|tests|release|newsletter|garden|dinner|birthday cake|concert|team name|front door|curtains
first dance|menu|wine|deployment|cache|queue|search|cover|title page|main character|roof|floor|holiday
office|heating|car|phone plan|insurance|conference|poster|uniform|playlist|opening scene|ending""".replace(
        "\n", "|"
    ).split("|")
)
TASKS = tuple(
    """budget|catering|music|security|logistics|garden|accounts|website|newsletter|translation|release|tests
kitchen|bookings|tickets|design|training|stage|lights|transport|invitations|photos|repairs|cleaning|support
hiring|research|deployment|backups|payroll|marketing|sales|planning|decoration|registration|welcome desk""".replace(
        "\n", "|"
    ).split("|")
)
PEOPLE = tuple(
    """sister|brother|mother|father|wife|husband|daughter|son|boss|best friend|neighbour|cousin|uncle|aunt
nephew|niece|grandmother|grandfather|roommate|colleague|partner|godmother|twin|landlord|mother-in-law""".replace(
        "\n", "|"
    ).split("|")
)
PREFIXES = """old new big little main second first spare office summer winter work home private shared
backup garden kitchen school club family""".split()
# Who does it, a word made of the verb: {does} {acted} {act} {doer}.
DOERS = tuple(
    tuple(line.split())
    for line in """drives drove drive driver|owns owned own owner|builds built build builder|paints painted paint painter
writes wrote write writer|sells sold sell seller|buys bought buy buyer|makes made make maker|keeps kept keep keeper
trains trained train trainer|finds found find finder|wins won win winner|leads led lead leader|designs designed design designer
invents invented invent inventor|edits edited edit editor|collects collected collect collector|founds founded found founder
guides guided guide guide|creates created create creator|directs directed direct director|produces produced produce producer
translates translated translate translator|inspects inspected inspect inspector|manages managed manage manager
guards guarded guard guard|sponsors sponsored sponsor sponsor|sends sent send sender|uses used use user
carries carried carry carrier|cleans cleaned clean cleaner|rides rode ride rider|plays played play player
reads read read reader|photographs photographed photograph photographer|discovers discovered discover discoverer
organises organised organise organiser|holds held hold holder|steals stole steal thief|rents rented rent tenant
inherits inherited inherit heir|teaches taught teach teacher|publishes published publish publisher""".replace(
        "\n", "|"
    ).split("|")
)
# What happens once, and the noun of it: {comes} {come} {coming}.
EVENTS = tuple(
    tuple(line.split())
    for line in """arrives arrive arrival|departs depart departure|begins begin beginning|starts start start
opens open opening|closes close closing|ends end end|returns return return|leaves leave departure|launches launch launch
lands land landing|finishes finish finish|rises rise rise|falls fall fall|starts begin start|begins start beginning""".replace(
        "\n", "|"
    ).split("|")
)
# How much, and the noun and the word of it: {scales} {scale} {scaled} {high} {far}.
SCALES = tuple(
    tuple(line.split())
    for line in """weighs weigh weight heavy much|costs cost price expensive much|costs cost cost dear much
lasts last length long long|lasts last duration long long|measures measure size big much
holds hold capacity big much|spans span width wide far|reaches reach height high far
stretches stretch length long far""".replace("\n", "|").split("|")
)
# What {team} is one of.
PLURALS = """boats songs villages dogs shops hotels films horses wines phones roads games rooms lakes
books bands players nurses students guests castles bakers gardens towers singers cheeses beaches schools
poems painters clubs""".split()
MATERIALS = """wood iron steel glass paper wool silk leather clay stone cotton copper brass plastic wax straw rubber
marble oak bamboo felt linen bronze ice chocolate""".split()
