"""For what a model is asked: by the paths that lead to the call, not by the name of the function that sends it."""

import pytest

CLIENT = """\
from openai import OpenAI
client = OpenAI()

def get_response(prompt):
    return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": prompt}])
"""


def purposes(result) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for use in result.uses:
        found.setdefault(use.purpose, set()).update(f"{place.file}:{place.line}" for place in use.evidence)
    return found


def test_one_function_asked_by_a_judge_and_by_a_generator_is_asked_for_both(scan):
    result = scan(
        {
            "client.py": CLIENT,
            "judge.py": "from client import get_response\nget_response('x')\n",
            "make_questions.py": "from client import get_response\ndef synthesize():\n    get_response('x')\nsynthesize()\n",
        }
    )
    found = purposes(result)
    assert set(found) == {"judge", "generate"}
    assert "judge.py:2" in found["judge"]
    assert "judge.py:2" not in found["generate"]
    assert "make_questions.py:3" in found["generate"]


def test_a_function_of_the_same_name_in_another_file_tells_nothing(scan):
    result = scan({"plan.py": CLIENT + "get_response('x')\n", "eval_quality.py": CLIENT + "get_response('y')\n"})
    found = purposes(result)
    assert "plan.py:5" in found["generate"]
    assert "plan.py:5" not in found["evaluate"]
    assert "eval_quality.py:5" in found["evaluate"]


def test_a_prompt_that_makes_somebody_a_judge_tells_the_purpose(scan):
    code = CLIENT.replace("def get_response(prompt):", 'def ask(prompt):\n    """Please act as an impartial judge."""')
    assert set(purposes(scan({"a.py": code + "ask('x')\n"}))) == {"judge"}


@pytest.mark.parametrize(
    ("path", "purpose"),
    [("app/score.ts", "judge"), ("app/embeddings.ts", "embed"), ("app/chat.ts", "generate")],
)
def test_in_other_languages_file_and_function_tell(scan, path, purpose):
    code = "import OpenAI from 'openai'\nconst c = new OpenAI()\nexport const f = () => c.responses.create({ model: 'gpt-4o' })\n"
    assert set(purposes(scan({path: code}))) == {purpose}
