"""Where the model's name and the address come from, across functions, files and configuration."""

import json

import pytest

ASK = """\
from openai import OpenAI
client = OpenAI()
def ask(prompt, model):
    return client.chat.completions.create(model=model)
"""
OPTION = """\
import argparse
from lib import ask
parser = argparse.ArgumentParser()
parser.add_argument('--teacher-model', default='gpt-4o-mini')
args = parser.parse_args()
ask('x', args.teacher_model)
"""
FIELD = """\
from dataclasses import dataclass, field
from lib import ask
@dataclass
class Config:
    name: str = field(default='gpt-4o-mini')
def run(config: Config):
    ask('x', config.name)
run(Config())
"""
ATTRIBUTE = """\
import lib
class Teacher:
    def __init__(self, model='gpt-4o-mini'):
        self.m = model
    def go(self):
        lib.ask('x', self.m)
Teacher().go()
"""
ENGINE = """\
from openai import OpenAI
class Engine:
    def __init__(self, base_url):
        self.c = OpenAI(base_url=base_url)
    def ask(self, m):
        return self.c.chat.completions.create(model=m)
def main(cfg):
    Engine(cfg['url']).ask(cfg['m'])
"""


@pytest.mark.parametrize(
    "main",
    [
        "from lib import ask\nMODEL = 'gpt-4o-mini'\nask('x', MODEL)\n",
        "from lib import ask\nask('x', model='gpt-' + '4o-mini')\n",
        "import os\nfrom lib import ask\nask('x', os.getenv('MODEL', 'gpt-4o-mini'))\n",
        OPTION,
        FIELD,
        ATTRIBUTE,
        "from lib import ask\nfor name in ['gpt-4o-mini']:\n    ask('x', name)\n",
    ],
)
def test_the_model_is_followed_to_where_it_is_written(scan, main):
    result = scan({"lib.py": ASK, "main.py": main})
    (use,) = result.uses
    assert use.models == ("gpt-4o-mini",)
    files = {place.file for place in use.evidence}
    assert files == {"lib.py", "main.py"}


def test_every_place_that_gives_the_model_is_evidence(scan):
    callers = {f"stage{i}.py": "from lib import ask\nask('x', 'gpt-4o')\n" for i in range(3)}
    (use,) = scan({"lib.py": ASK, **callers}).uses
    assert {(f"stage{i}.py", 2) for i in range(3)} <= {(place.file, place.line) for place in use.evidence}


def test_an_address_in_the_configuration_decides_when_the_code_leaves_it_open(scan):
    config = "api:\n  # base_url: https://api.openai.com/v1\n  base_url: https://api.llama.com/v1\n  key: x\n"
    result = scan({"engine.py": ENGINE, "config.yaml": config})
    assert result.providers == ("meta",)
    assert ("config.yaml", 3) in {(place.file, place.line) for place in result.uses[0].evidence}


def test_a_model_in_the_configuration_is_evidence_of_its_developers_use(scan):
    config = json.dumps({"dataset_size": 200, "model": "gpt-4-0125-preview"}, indent=1)
    (use,) = scan({"lib.py": ASK + "ask('x', load()['model'])\n", "config.json": config}).uses
    assert ("config.json", 3) in {(place.file, place.line) for place in use.evidence}


def test_a_notebook_is_read_with_the_lines_of_its_file(scan):
    source = [
        "!pip install openai \\\n",
        "  --quiet\n",
        "from openai import OpenAI\n",
        "OpenAI().chat.completions.create(\n",
        "    model='gpt-4o')",
    ]
    cells = [
        {"cell_type": "markdown", "source": ["OpenAI().chat"]},
        {"cell_type": "code", "source": ["this is (no python"]},
        {"cell_type": "code", "source": source},
    ]
    text = json.dumps({"cells": cells}, indent=1)
    result = scan({"make.ipynb": text})
    expected = next(n for n, line in enumerate(text.split("\n"), start=1) if "create(" in line)
    assert result.providers == ("openai",)
    assert ("make.ipynb", expected) in {(place.file, place.line) for place in result.uses[0].evidence}
    assert "not readable as Python" in result.unresolved[0].reason


@pytest.mark.parametrize(
    ("name", "text", "served_by"),
    [
        ("tune.sh", "openai api fine_tunes.create --model davinci\n", "openai"),
        ("ask.sh", "curl https://api.deepseek.com/chat/completions -d '{\"model\": \"deepseek-chat\"}'\n", "deepseek"),
        ("app.ts", "import OpenAI from 'openai'\nnew OpenAI({ baseURL: 'https://openrouter.ai/api/v1' })\n", "openrouter"),
        ("app.js", "const Anthropic = require('@anthropic-ai/sdk')\nconst a = new Anthropic()\n", "anthropic"),
        ("label.R", 'r <- POST(url,\n  add_headers(`api-key` = key))\n', "azure"),
    ],
)  # fmt: skip
def test_other_languages_are_read_too(scan, name, text, served_by):
    assert scan({name: text}).providers == (served_by,)


def test_comments_in_other_languages_are_no_uses(scan):
    assert scan({"a.sh": "# curl https://api.openai.com/v1/completions\n", "b.ts": "// new OpenAI()\n"}).uses == ()


def test_base_models_of_students_are_told(scan):
    train = "from transformers import AutoModelForCausalLM, Trainer\nBASE = 'meta-llama/Llama-3.1-8B'\n"
    train += "Trainer(model=AutoModelForCausalLM.from_pretrained(BASE))\n"
    config = "base_model: mistralai/Mistral-7B-v0.1\nlearning_rate: 1e-5\n"
    result = scan({"train.py": train, "axolotl.yaml": config})
    assert result.students == ("meta-llama/Llama-3.1-8B", "mistralai/Mistral-7B-v0.1")
    assert {(use.provider, use.purpose, use.external) for use in result.uses} == {
        ("meta", "student_base", False),
        ("mistral", "student_base", False),
    }


@pytest.mark.parametrize(
    ("function", "purpose"),
    [
        ("generate_answers", "generate"),
        ("judge_pair", "judge"),
        ("filter_rows", "filter"),
        ("evaluate_student", "evaluate"),
        ("f", "generate"),
    ],
)
def test_the_purpose_is_read_from_the_names_around_the_call(scan, function, purpose):
    code = f"import openai\ndef {function}():\n    openai.ChatCompletion.create(model='gpt-4')\n{function}()\n"
    assert [use.purpose for use in scan({"x.py": code}).uses] == [purpose]
