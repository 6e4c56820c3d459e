"""Generated text: English-like prose, code, JSON, markdown and other scripts.

It is what the tokenizers are trained on; the tiny models speak from the same word lists. Pure
functions of a seed; nothing outside this file is read.
"""

import json
import random

NOUNS = (
    "river garden window letter kitchen mountain captain engine library market morning evening "
    "teacher painter village harbour bridge forest candle winter summer question answer story "
    "number table machine signal pocket corner island train road house door lamp book map song "
    "cloud field stone clock boat tower bird horse dog cat fox child friend sailor baker doctor "
    "farmer writer singer neighbour stranger plan idea word page picture message memory network "
    "program computer screen keyboard battery recipe bread coffee apple sugar pepper blanket coat "
    "king queen valley desert ocean planet rocket guitar piano violin ladder hammer needle thread "
    "button mirror carpet ceiling chimney orchard meadow basket saddle lantern pillow marble ribbon"
).split()
ADJECTIVES = (
    "small quiet old bright careful gentle heavy narrow distant early green golden hidden honest "
    "warm cold empty famous broken clever curious patient simple strange sudden silver wooden "
    "blue red white deep long short new open slow quick lonely friendly ordinary beautiful "
    "tired brave calm dusty eager fresh grand humble jolly kind loud modern noble polite"
).split()
VERBS = (
    "watched carried followed painted opened closed found remembered forgot repaired counted "
    "crossed described discovered explained answered asked planned moved kept left reached saw "
    "turned wrote read heard liked missed needed offered passed built sold bought cooked shared"
).split()
ADVERBS = (
    "slowly quietly again never often almost always suddenly together carefully soon once twice "
    "rarely gladly barely nearly simply"
).split()
_PLACES = (
    "near the sea|behind the old mill|at the station|in the kitchen|under the bridge|by the fire|"
    "along the coast|after the storm|before breakfast|in the middle of the night|on the hill"
).split("|")
LINKS = "and because while but so although until when before since unless though".split()
DETERMINERS = (
    "the a every this one some each another his her their our "
    "my your its any that no either most what"
).split()
_OPENERS = ["In the end", "Later", "That day", "For a while", "At first", "Every spring"]
_FOREIGN = (
    "Тихая река несёт лодку к морю. Старый город просыпается рано.",
    "Der kleine Vogel singt für die müden Bäume. Größe, Straße, Übung.",
    "L'été dernier, la forêt était déjà pleine d'oiseaux. Ça va très bien.",
    "El niño pequeño corrió mañana y noche por el jardín. ¿Qué pasó?",
    "今天天气很好，我们一起去公园散步。你喜欢读书吗？",
    "猫は窓のそばで静かに眠っています。東京の夜は明るい。",
    "오늘은 날씨가 맑고 바람이 부드럽다.",
    "Η θάλασσα είναι ήρεμη και ο ουρανός γαλανός.",
    "القمر فوق المدينة والطريق طويل.",
    "नदी के किनारे एक छोटा गाँव है।",
    "😀 🎉 👍 🚀 ❤️ 🌧️ → ≤ ≥ ≠ × ° € £ ½ “quoted” … –",
)


def _phrase(rng: random.Random) -> str:
    adjective = f"{rng.choice(ADJECTIVES)} " if rng.random() < 0.6 else ""
    return f"{rng.choice(DETERMINERS)} {adjective}{rng.choice(NOUNS)}"


def _clause(rng: random.Random) -> str:
    words = [_phrase(rng), rng.choice(VERBS), _phrase(rng)]
    if rng.random() < 0.3:
        words.insert(1, rng.choice(ADVERBS))
    if rng.random() < 0.4:
        words.append(rng.choice(_PLACES))
    return " ".join(words)


def sentence(rng: random.Random) -> str:
    text = _clause(rng)
    for _ in range(rng.choice((0, 1, 1, 2))):
        text += f"{rng.choice((',', ''))} {rng.choice(LINKS)} {_clause(rng)}"
    if rng.random() < 0.2:
        text = f"{rng.choice(_OPENERS)}, {text}"
    return text[0].upper() + text[1:] + rng.choice((".", ".", ".", ".", "!", "?"))


def prose(rng: random.Random, sentences: int) -> str:
    """Paragraphs of three to six sentences."""
    paragraphs: list[str] = []
    while sentences > 0:
        count = rng.randint(3, 6)
        sentences -= count
        paragraphs.append(" ".join(sentence(rng) for _ in range(count)))
    return "\n\n".join(paragraphs)


def _code(rng: random.Random) -> str:
    noun, other, verb = rng.choice(NOUNS), rng.choice(NOUNS), rng.choice(VERBS)
    limit = rng.randint(2, 4096)
    python = (
        f"def {verb}_{noun}({other}: list[str], limit: int = {limit}) -> dict[str, int]:\n"
        f'    """Return the {noun} for each {other}."""\n'
        f"    result = {{}}\n    for index, value in enumerate({other}):\n"
        f"        if len(value) > limit:\n            continue\n"
        f"        result[value] = index\n    return result\n"
    )
    script = (
        f"const {noun} = async ({other}) => {{\n  const result = await fetch(`/api/{noun}`);\n"
        f"  if (!result.ok) {{ throw new Error('{verb} failed'); }}\n  return result.json();\n}};\n"
    )
    c = (
        f"#include <stdio.h>\nint {noun}(const char *{other}, size_t n) {{\n"
        f'    for (size_t i = 0; i < n; i++) {{ printf("%d\\n", {other}[i]); }}\n'
        f"    return 0;\n}}\n"
    )
    sql = f"SELECT id, {noun} FROM {other} WHERE {noun} > {limit} ORDER BY id LIMIT 10;\n"
    return rng.choice((python, script, c, sql))


def _data(rng: random.Random) -> str:
    call = {
        "name": f"get_{rng.choice(NOUNS)}",
        "arguments": {rng.choice(NOUNS): rng.choice(ADJECTIVES), "count": rng.randint(0, 99)},
    }
    return json.dumps(call, indent=rng.choice((None, 2)))


def _markdown(rng: random.Random) -> str:
    items = "\n".join(f"- **{rng.choice(NOUNS)}**: {_clause(rng)}" for _ in range(3))
    heading = f"## {rng.choice(ADJECTIVES).title()} {rng.choice(NOUNS)}"
    table = f"| {rng.choice(NOUNS)} | {rng.choice(NOUNS)} |\n|---|---|\n| {rng.random():.3f} | 1 |"
    return f"{heading}\n\n{items}\n\n{table}\n\n1. `{rng.choice(NOUNS)}`\n2. {sentence(rng)}"


def mixed(seed: int, sections: int = 400) -> str:
    """Training text for a tokenizer: mostly prose, with everything else a chat contains."""
    rng = random.Random(seed)
    parts: list[str] = []
    for index in range(sections):
        parts.append(prose(rng, 6))
        parts.append(rng.choice((_code, _data, _markdown))(rng))
        parts.append(_FOREIGN[index % len(_FOREIGN)])
    return "\n\n".join(parts)
