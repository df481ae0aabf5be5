"""Words for invented prompts: common ones, and names of nothing, so that no list of the detector's is repeated here."""

from random import Random

COMMON = (  # noqa: SIM905 - a list of words is read as words
    "the to a of in is it my for on with that this you i can how what why not have be do an are from when if as at so your we "
    "order invoice account meeting team report customer change problem garden price delivery travel dinner letter colour weather "
    "school music phone photo window machine water paper market winter summer doctor children river story house table number week"
).split()  # fmt: skip
OPENERS = (
    "how do i", "can you", "why is my", "what is", "please help me", "i need", "is there a way to", "could you explain",
    "where can i",
    "tell me about", "my boss wants", "write a short", "hello,", "translate this:", "when does", "i was told that", "summarise:",
    "thanks! and", "what happens if", "give me ideas for", "do you know", "we would like to", "should i", "compare",
)  # fmt: skip
CODE = (
    "def handle(request):", "the unit test fails with a stack trace", "refactor this function", "async code",
    "a typescript error",
    "import pandas", "sql query is slow", "null pointer", "pull request review", "class Order", "regex for dates", "docker build",
)  # fmt: skip
_SYLLABLES = "ba ko li me nu ra so ti ve zu dar fen gil hom jas kel mor pim qua ris tol vun wex yar".split()  # noqa: SIM905


def name(chance: Random) -> str:
    """A word that means nothing."""
    return "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 3)))


class Talk:
    """What people type: few words often, most words seldom; some questions again and again."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        own = [name(chance) for _ in range(chance.randint(400, 3000))]
        self._vocabulary = COMMON + own
        power = chance.uniform(0.8, 1.2)
        self._weights = [1 / (place + 2) ** power for place in range(len(self._vocabulary))]
        self._again = chance.uniform(0.02, 0.3)
        self._asked = [self._new() for _ in range(30)]

    def prompt(self) -> str:
        """A question."""
        return self._chance.choice(self._asked) if self._chance.random() < self._again else self._new()

    def _new(self) -> str:
        words = self._chance.choices(self._vocabulary, self._weights, k=self._chance.randint(4, 28))
        return f"{self._chance.choice(OPENERS)} {' '.join(words)}"
