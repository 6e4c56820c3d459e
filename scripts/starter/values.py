"""What facts are about: values that no training run sees twice, so that copying is what is learnt.

Pure functions of a generator: names, numbers, dates, paths, codes, amounts, places and words.
"""

from random import Random

from scripts.starter.words import (
    ANIMALS,
    CITIES,
    COLORS,
    FOODS,
    MONTHS,
    NAMES,
    SURNAMES,
    THINGS,
    UNITS,
    WEEKDAYS,
)

_ONSETS = """b c d f g h j k l m n p r s t v w z b d f g h k l m n p r s t v br cr dr fl gr kl pl
st tr th sh ch qu bl gl sl sk pr fr y""".split()
_VOWELS = [*"a e i o u a e i o ai ee ou".split() * 4, *"y ia é ø å ö ü".split()]
_CODAS = [*"n r l s x k m t n r l s d p g nd ck th st ng".split(), *[""] * 20]
_CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_EXTENSIONS = ".txt .md .py .json .log .csv .pdf .docx .xlsx .yaml .toml .zip .png .odt".split()
_FOLDERS = """home data srv opt media mnt notes docs work files src archive uni backup projects var
 shared music photos letters drafts office taxes school club invoices reports""".split()
_NUMBER_WORDS = "two three four five six seven eight nine ten eleven twelve fifteen twenty".split()


def one_of(rng: Random, choices: list[str] | tuple[str, ...]) -> str:
    return choices[int(rng.random() * len(choices))]


def made_up(rng: Random, *, capital: bool = True) -> str:
    """A word nobody has seen."""
    count = one_of(rng, ("1", "2", "2", "2", "3"))
    word = "".join(
        one_of(rng, _ONSETS) + one_of(rng, _VOWELS) + one_of(rng, _CODAS) for _ in range(int(count))
    )
    return word.capitalize() if capital else word


def digits(rng: Random, count: int) -> str:
    if rng.random() < 0.25:  # repeats are hard to copy, so they come more often than by chance
        few = [str(rng.randrange(10)) for _ in range(2)]
        return "".join(one_of(rng, few) for _ in range(count))
    return "".join(str(rng.randrange(10)) for _ in range(count))


def name(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.35:
        said = one_of(rng, NAMES)
    elif roll < 0.75:
        said = made_up(rng)
    elif roll < 0.83:
        said = (
            one_of(rng, ("Dr", "Mr", "Mrs", "Ms", "Sir", "Dr", "Aunt", "Captain"))
            + " "
            + surname(rng)
        )
    elif roll < 0.93:
        said = one_of(rng, THINGS + ANIMALS + FOODS).capitalize()
    else:
        said = one_of(rng, NAMES) + " " + surname(rng)
    return said


def surname(rng: Random) -> str:
    return one_of(rng, SURNAMES) if rng.random() < 0.5 else made_up(rng)


def person(rng: Random) -> str:
    said = one_of(rng, NAMES) if rng.random() < 0.45 else made_up(rng)
    return f"{said} {surname(rng)}" if rng.random() < 0.15 else said


def company(rng: Random) -> str:
    said = made_up(rng) if rng.random() < 0.7 else surname(rng)
    return said + one_of(
        rng,
        ("", "", "", " Labs", " & Sons", " Ltd", f" & {surname(rng)}", " Bank", " Media", "soft"),
    )


def city(rng: Random) -> str:
    return one_of(rng, CITIES) if rng.random() < 0.4 else made_up(rng)


def word(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.5:
        return one_of(rng, THINGS + ANIMALS + FOODS + COLORS)
    return made_up(rng, capital=roll < 0.75)


def title(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.3:
        return made_up(rng)
    if roll < 0.7:
        first, joined = word(rng).capitalize(), one_of(rng, ("of", "and", "in", "under"))
        return f"The {first} {joined} {made_up(rng)}"
    return f"{one_of(rng, COLORS).capitalize()} {one_of(rng, THINGS).capitalize()}"


def code(rng: Random) -> str:
    kind = rng.randrange(13)
    low = made_up(rng, capital=False)
    letters = "".join(one_of(rng, tuple(_CAPITALS)) for _ in range(rng.choice((1, 2, 3))))
    match kind:
        case 0 | 1 | 2:
            return digits(rng, rng.choice((2, 3, 4, 4, 4, 5, 6)))
        case 3:
            return f"{letters}{rng.choice(('-', '', ' ', '-'))}{digits(rng, rng.choice((2, 3, 4)))}"
        case 4:
            return f"{low}{rng.choice(('-', '', '_', '.'))}{digits(rng, rng.choice((2, 3)))}"
        case 5:
            return f"{low}-{word(rng).lower()}-{digits(rng, 2)}"
        case 6:
            return f"{digits(rng, rng.choice((2, 3)))}-{digits(rng, rng.choice((3, 4)))}"
        case 7:
            return f"{one_of(rng, THINGS)}{rng.choice('_-.')}{one_of(rng, ANIMALS)}"
        case 8:
            return f"{letters}{digits(rng, 2)} {digits(rng, 3)}"
        case 9:
            return f"{digits(rng, 1)}{letters}-{digits(rng, 3)}-{letters}"
        case 10:
            return ".".join(str(rng.randrange(256)) for _ in range(4))
        case 11:
            return f"v{rng.randrange(9)}.{rng.randrange(20)}.{rng.randrange(9)}"
        case _:
            return f"{one_of(rng, THINGS)}{rng.choice(('!', '#', '$', '%'))}{digits(rng, 2)}"


def host(rng: Random) -> str:
    end = one_of(rng, (".local", ".internal", ".org", ".net", ".example", ".lan", "-01", "-prod"))
    return made_up(rng, capital=False) + end


def email(rng: Random) -> str:
    name_at = f"{made_up(rng, capital=False)}@{made_up(rng, capital=False)}"
    return f"{name_at}.{one_of(rng, ('org', 'net', 'example', 'com'))}"


def phone(rng: Random) -> str:
    return rng.choice(
        (
            f"{digits(rng, 3)} {digits(rng, 4)}",
            f"0{digits(rng, 3)} {digits(rng, 3)} {digits(rng, 3)}",
            f"+{digits(rng, 2)} {digits(rng, 3)} {digits(rng, 4)}",
            f"555-{digits(rng, 4)}",
        )
    )


def path(rng: Random) -> str:
    parts = [
        one_of(rng, _FOLDERS) if rng.random() < 0.6 else made_up(rng, capital=False)
        for _ in range(rng.choice((1, 2, 2, 3)))
    ]
    stem = made_up(rng, capital=False) if rng.random() < 0.6 else one_of(rng, THINGS)
    if rng.random() < 0.3:
        stem += rng.choice(("-", "_", "-v")) + str(rng.randrange(1, 40))
    end = "" if rng.random() < 0.2 else one_of(rng, _EXTENSIONS)
    if rng.random() < 0.2:
        return "C:\\" + "\\".join([*(each.capitalize() for each in parts[:2]), stem + end])
    if rng.random() < 0.1:
        return stem + (end or ".txt")
    return rng.choice(("/", "/", "~/", "~/", "./")) + "/".join(parts) + "/" + stem + end


def day(rng: Random) -> str:
    number, month = rng.randrange(1, 32), one_of(rng, MONTHS)
    match rng.randrange(9):
        case 0 | 1 | 2:
            return f"{number} {month}"
        case 3:
            return f"{month} {number}"
        case 4:
            return one_of(rng, WEEKDAYS)
        case 5:
            return f"{number} {month} {rng.randrange(1950, 2040)}"
        case 6:
            return f"{rng.randrange(2020, 2040)}-{rng.randrange(1, 13):02}-{number:02}"
        case 7:
            return f"{one_of(rng, WEEKDAYS)}, {number} {month}"
        case _:
            return f"the {number}{_ordinal(number)}" + rng.choice(("", f" of {month}"))


def _ordinal(number: int) -> str:
    if number in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def clock(rng: Random) -> str:
    return rng.choice(
        (
            f"{rng.randrange(1, 13)} {rng.choice(('am', 'pm'))}",
            f"{rng.randrange(24)}:{rng.randrange(60):02}",
            f"{rng.randrange(7, 22)}:{rng.choice((15, 30, 45, 10))}",
            rng.choice(("noon", "midnight", "half past six", "nine o'clock")),
        )
    )


def date(rng: Random) -> str:
    said = day(rng)
    return f"{said} at {clock(rng)}" if rng.random() < 0.25 else said


def amount(rng: Random) -> str:
    unit = one_of(rng, UNITS)
    match rng.randrange(6):
        case 0:
            return f"{rng.randrange(1, 100)},{digits(rng, 3)} {unit}"
        case 1:
            return f"{rng.randrange(1, 30)}.{rng.randrange(10)} {unit}"
        case 2:
            return f"{rng.choice('$€£')}{rng.randrange(5, 9000)}"
        case 3:
            return f"{rng.randrange(1, 100)} %"
        case 4:
            return f"{one_of(rng, tuple(_NUMBER_WORDS))} {unit}"
        case _:
            return f"{rng.randrange(2, 2000)} {unit}"


def count(rng: Random) -> str:
    return one_of(rng, tuple(_NUMBER_WORDS)) if rng.random() < 0.3 else str(rng.randrange(2, 400))


def spot(rng: Random) -> str:
    """Where a thing lies."""
    where = one_of(
        rng,
        (
            "in",
            "on",
            "under",
            "behind",
            "next to",
            "above",
            "inside",
            "near",
            "beside",
            "in front of",
        ),
    )
    which = one_of(
        rng, ("the", "the", "the", "my", f"the {one_of(rng, COLORS)}", "the old", "the top",
              "the left", "the small", "the second")
    )  # fmt: skip
    thing = one_of(rng, THINGS) if rng.random() < 0.8 else made_up(rng, capital=False)
    return f"{where} {which} {thing}"


def color(rng: Random) -> str:
    return one_of(rng, COLORS)


def food(rng: Random) -> str:
    return one_of(rng, FOODS) if rng.random() < 0.8 else made_up(rng, capital=False)


def any_value(rng: Random) -> str:
    return rng.choice((name, code, word, title, company, city, host))(rng)
