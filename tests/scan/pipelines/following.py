"""Following: models and addresses that come from options, tables, factories and what functions are given."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "fireworks-client",
        files={
            "pipeline.py": """\
import fireworks.client
fireworks.client.api_key = "x"
fireworks.client.ChatCompletion.create(model="accounts/fireworks/models/deepseek-v3", messages=[])
""",
        },
        channels="fireworks",
        models="accounts/fireworks/models/deepseek-v3",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "partial",
        files={
            "pipeline.py": """\
from functools import partial
from openai import OpenAI
client = OpenAI()
ask = partial(client.chat.completions.create, model="gpt-4o", temperature=0)
ask(messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "kwargs-dict",
        files={
            "pipeline.py": """\
from openai import OpenAI
client = OpenAI()
GEN = {"model": "gpt-4o-2024-08-06", "temperature": 0.7}
client.chat.completions.create(messages=[], **GEN)
""",
        },
        channels="openai",
        models="gpt-4o-2024-08-06",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "retry-decorator",
        files={
            "pipeline.py": """\
import openai
from tenacity import retry, wait_random_exponential
@retry(wait=wait_random_exponential())
def completion_with_backoff(**kwargs):
    return openai.ChatCompletion.create(**kwargs)
def main():
    completion_with_backoff(model="gpt-4", messages=[])
if __name__ == "__main__":
    main()
""",
        },
        channels="openai",
        models="gpt-4",
        sites="pipeline.py:5",
    ),
    Pipeline(
        "bound-method-variable",
        files={
            "pipeline.py": """\
import backoff, openai
client = openai.OpenAI()
@backoff.on_exception(backoff.expo, Exception)
def call(fn, **kw):
    return fn(**kw)
call(client.chat.completions.create, model="gpt-3.5-turbo", messages=[])
""",
        },
        channels="openai",
        models="gpt-3.5-turbo",
        sites="pipeline.py:6",
    ),
    Pipeline(
        "lambda-client",
        files={
            "pipeline.py": """\
from openai import OpenAI
make = lambda: OpenAI()
make().chat.completions.create(model="gpt-4o", messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "dict-of-clients",
        files={
            "pipeline.py": """\
from openai import OpenAI
from anthropic import Anthropic
CLIENTS = {"openai": OpenAI(), "anthropic": Anthropic()}
CLIENTS["openai"].chat.completions.create(model="gpt-4o", messages=[])
CLIENTS["anthropic"].messages.create(model="claude-3-opus-20240229", max_tokens=5, messages=[])
""",
        },
        channels="anthropic openai",
        models="claude-3-opus-20240229 gpt-4o",
        sites="pipeline.py:4 pipeline.py:5",
    ),
    Pipeline(
        "dict-of-models",
        files={
            "pipeline.py": """\
from openai import OpenAI
MODELS = {"big": "gpt-4o", "small": "gpt-4o-mini"}
def ask(size):
    return OpenAI().chat.completions.create(model=MODELS[size], messages=[])
ask("big")
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "fstring-model",
        files={
            "pipeline.py": """\
from openai import OpenAI
BASE = "gpt-4o-mini-2024-07-18"
client = OpenAI()
client.chat.completions.create(model=f"ft:{BASE}:acme::abc", messages=[])
""",
        },
        channels="openai",
        models="ft:gpt-4o-mini-2024-07-18:acme::abc",
    ),
    Pipeline(
        "enum-model",
        files={
            "pipeline.py": """\
from enum import Enum
from openai import OpenAI
class Teacher(str, Enum):
    BIG = "gpt-4o"
OpenAI().chat.completions.create(model=Teacher.BIG.value, messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "cached-property",
        files={
            "pipeline.py": """\
from functools import cached_property
from openai import OpenAI
class Gen:
    MODEL = "gpt-4o"
    @cached_property
    def client(self):
        return OpenAI()
    def run(self):
        return self.client.chat.completions.create(model=self.MODEL, messages=[])
if __name__ == "__main__":
    Gen().run()
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:9",
    ),
    Pipeline(
        "global-client-init",
        files={
            "pipeline.py": """\
import anthropic
_client = None
def get_client():
    global _client
    if _client is None:
        _client = anthropic.Anthropic()
    return _client
def ask(p):
    return get_client().messages.create(model="claude-3-5-haiku-20241022", max_tokens=10, messages=[])
print(ask("x"))
""",
        },
        channels="anthropic",
        models="claude-3-5-haiku-20241022",
        sites="pipeline.py:8",
    ),
    Pipeline(
        "conditional-import",
        files={
            "pipeline.py": """\
try:
    from openai import OpenAI
except ImportError:
    OpenAI = None
if OpenAI is not None:
    c = OpenAI()
    c.chat.completions.create(model="gpt-4o", messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:7",
    ),
    Pipeline(
        "os-environ-set",
        files={
            "pipeline.py": """\
import os
os.environ["OPENAI_BASE_URL"] = "https://api.together.xyz/v1"
from openai import OpenAI
OpenAI().chat.completions.create(model="meta-llama/Llama-3-70b-chat-hf", messages=[])
""",
        },
        channels="together",
        models="meta-llama/Llama-3-70b-chat-hf",
    ),
    Pipeline(
        "openai-class-attr",
        files={
            "pipeline.py": """\
import openai
class Bot:
    client = openai.OpenAI()
    model: str = "gpt-4o"
    def ask(self, q):
        return self.client.chat.completions.create(model=self.model, messages=[])
bot = Bot()
bot.ask("x")
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:6",
    ),
    Pipeline(
        "map-executor",
        files={
            "pipeline.py": """\
from concurrent.futures import ThreadPoolExecutor
from openai import OpenAI
client = OpenAI()
def process_row(row):
    return client.chat.completions.create(model="gpt-4o", messages=[])
with ThreadPoolExecutor() as ex:
    list(ex.map(process_row, [1, 2]))
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:5",
    ),
    Pipeline(
        "argparse-choices",
        files={
            "pipeline.py": """\
import argparse
from openai import OpenAI
def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", type=str, default="gpt-4o", choices=["gpt-4o", "gpt-4"])
    args = ap.parse_args()
    client = OpenAI()
    client.chat.completions.create(model=args.model, messages=[])
main()
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:8",
    ),
    Pipeline(
        "vars-args",
        files={
            "pipeline.py": """\
import argparse
from openai import OpenAI
def generate(model_name, n):
    return OpenAI().chat.completions.create(model=model_name, n=n, messages=[])
ap = argparse.ArgumentParser()
ap.add_argument("--model_name", default="gpt-4o")
ap.add_argument("--n", default=1)
generate(**vars(ap.parse_args()))
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "fire",
        files={
            "pipeline.py": """\
import fire
from openai import OpenAI
def generate(model="gpt-4o", n=3):
    return OpenAI().chat.completions.create(model=model, n=n, messages=[])
if __name__ == "__main__":
    fire.Fire(generate)
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "typer",
        files={
            "pipeline.py": """\
import typer
from anthropic import Anthropic
app = typer.Typer()
@app.command()
def make(model: str = typer.Option("claude-3-opus-20240229", help="m")):
    Anthropic().messages.create(model=model, max_tokens=3, messages=[])
app()
""",
        },
        channels="anthropic",
        models="claude-3-opus-20240229",
        sites="pipeline.py:6",
    ),
    Pipeline(
        "click",
        files={
            "pipeline.py": """\
import click
from openai import OpenAI
@click.command()
@click.option("--model", default="gpt-4o")
def main(model):
    OpenAI().chat.completions.create(model=model, messages=[])
main()
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:6",
    ),
]
