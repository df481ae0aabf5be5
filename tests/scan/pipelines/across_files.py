"""Following: models and addresses that come from other modules, settings and scripts."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "entry-point-cli-main-uncalled",
        files={
            "pipeline.py": """\
from openai import OpenAI
def cli():
    OpenAI().chat.completions.create(model="gpt-4o", messages=[])
""",
            "pyproject.toml": """\
[project.scripts]
make-data = "pipeline:cli"
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "entry-point-cli-main-uncalled",
        files={
            "pipeline.py": """\
from openai import OpenAI
def cli():
    OpenAI().chat.completions.create(model="gpt-4o", messages=[])
""",
            "pyproject.toml": """\
[project.scripts]
make-data = "pipeline:cli"
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "constants-module",
        files={
            "src/config.py": """\
TEACHER = 'gpt-4o'
BASE_URL = 'https://api.together.xyz/v1'
""",
            "src/llm.py": """\
from openai import OpenAI
from src import config
client = OpenAI(base_url=config.BASE_URL)
def ask(p):
    return client.chat.completions.create(model=config.TEACHER, messages=[])
""",
            "src/main.py": """\
from src.llm import ask
ask('x')
""",
        },
        channels="together",
        models="gpt-4o",
        sites="src/llm.py:5 src/config.py:1",
    ),
    Pipeline(
        "constants-relative",
        files={
            "pkg/__init__.py": "",
            "pkg/settings.py": "MODEL = 'claude-3-5-sonnet-20240620'\n",
            "pkg/gen.py": """\
import anthropic
from .settings import MODEL
c = anthropic.AsyncAnthropic()
async def ask(p):
    return await c.messages.create(model=MODEL, max_tokens=1, messages=[])
""",
            "run.py": """\
import asyncio
from pkg.gen import ask
asyncio.run(ask('x'))
""",
        },
        channels="anthropic",
        models="claude-3-5-sonnet-20240620",
        sites="pkg/gen.py:5 pkg/settings.py:1",
    ),
    Pipeline(
        "two-items-with",
        files={
            "teachers.py": """\
def ask(client, p):
    return client.messages.create(model='claude-3-5-sonnet-20241022', max_tokens=3, messages=[])
""",
            "run.py": """\
import anthropic, httpx
from teachers import ask
with httpx.Client() as h, anthropic.Anthropic() as c:
    ask(c, 'x')
""",
        },
        channels="anthropic",
        models="claude-3-5-sonnet-20241022",
        sites="teachers.py:2",
    ),
    Pipeline(
        "pydantic-settings",
        files={
            "settings.py": """\
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    llm_model: str = 'gpt-4.1-mini'
    llm_base_url: str = 'https://api.openai.com/v1'
settings = Settings()
""",
            "gen.py": """\
from openai import OpenAI
from settings import settings
client = OpenAI(base_url=settings.llm_base_url)
client.chat.completions.create(model=settings.llm_model, messages=[])
""",
        },
        channels="openai",
        models="gpt-4.1-mini",
        sites="gen.py:4 settings.py:3",
    ),
    Pipeline(
        "hydra",
        files={
            "conf/config.yaml": """\
teacher:
  model: gpt-4o-mini
  temperature: 0.2
""",
            "main.py": """\
import hydra
from openai import OpenAI
@hydra.main(config_path='conf', config_name='config')
def main(cfg):
    OpenAI().chat.completions.create(model=cfg.teacher.model, messages=[])
main()
""",
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="main.py:5 conf/config.yaml:2",
    ),
    Pipeline(
        "yaml-load",
        files={
            "config.yaml": """\
generator:
  model: claude-3-haiku-20240307
  workers: 3
""",
            "main.py": """\
import yaml, anthropic
cfg = yaml.safe_load(open('config.yaml'))
c = anthropic.Anthropic()
c.messages.create(model=cfg['generator']['model'], max_tokens=3, messages=[])
""",
        },
        channels="anthropic",
        models="claude-3-haiku-20240307",
        sites="main.py:4 config.yaml:2",
    ),
    Pipeline(
        "dotenv",
        files={
            ".env": """\
OPENAI_BASE_URL=https://api.deepseek.com
MODEL=deepseek-chat
""",
            "main.py": """\
import os
from dotenv import load_dotenv
from openai import OpenAI
load_dotenv()
c = OpenAI(base_url=os.environ['OPENAI_BASE_URL'])
c.chat.completions.create(model=os.environ['MODEL'], messages=[])
""",
        },
        channels="deepseek",
        models="deepseek-chat",
        sites="main.py:6",
    ),
    Pipeline(
        "shell-args",
        files={
            "run.sh": """\
python gen.py --model gpt-4-turbo \\
  --n 3
""",
            "gen.py": """\
import argparse
from openai import OpenAI
p = argparse.ArgumentParser()
p.add_argument('--model', required=True)
a = p.parse_args()
OpenAI().chat.completions.create(model=a.model, messages=[])
""",
        },
        channels="openai",
        models="gpt-4-turbo",
        sites="gen.py:6 run.sh:1",
    ),
    Pipeline(
        "factory-branches",
        files={
            "llm.py": """\
import os
from openai import OpenAI
from anthropic import Anthropic
def make(name):
    if name.startswith('claude'):
        return Anthropic()
    return OpenAI()
""",
            "gen.py": """\
from llm import make
c = make('gpt-4o')
c.chat.completions.create(model='gpt-4o', messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="gen.py:3",
    ),
    Pipeline(
        "registry-provider-arg",
        files={
            "llm.py": """\
from openai import OpenAI
HOSTS = {'openai': 'https://api.openai.com/v1', 'together': 'https://api.together.xyz/v1'}
def client(provider='together'):
    return OpenAI(base_url=HOSTS[provider])
""",
            "gen.py": """\
from llm import client
client().chat.completions.create(model='mistralai/Mixtral-8x7B-Instruct-v0.1', messages=[])
""",
        },
        channels="together",
        models="mistralai/Mixtral-8x7B-Instruct-v0.1",
        sites="gen.py:2",
    ),
    Pipeline(
        "base-class",
        files={
            "base.py": """\
class Base:
    def __init__(self, model):
        self.model = model
        self.client = self.make()
""",
            "oai.py": """\
from base import Base
from openai import OpenAI
class Oai(Base):
    def make(self):
        return OpenAI()
    def ask(self, p):
        return self.client.chat.completions.create(model=self.model, messages=[])
""",
            "main.py": """\
from oai import Oai
Oai('gpt-4o').ask('x')
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="oai.py:7",
    ),
    Pipeline(
        "dataclass-config",
        files={
            "cfg.py": """\
from dataclasses import dataclass
@dataclass
class TeacherConfig:
    name: str = 'gemini-1.5-pro'
""",
            "gen.py": """\
import google.generativeai as genai
from cfg import TeacherConfig
class Gen:
    def __init__(self, config: TeacherConfig):
        self.model = genai.GenerativeModel(config.name)
    def go(self):
        return self.model.generate_content('x')
Gen(TeacherConfig()).go()
""",
        },
        channels="google",
        models="gemini-1.5-pro",
        sites="gen.py:7",
    ),
    Pipeline(
        "async-gather-class",
        files={
            "client.py": """\
import asyncio
from openai import AsyncOpenAI
class LLM:
    def __init__(self, model: str, base_url: str | None = None):
        self.client = AsyncOpenAI(base_url=base_url)
        self.model = model
    async def ask(self, p):
        r = await self.client.chat.completions.create(model=self.model, messages=[])
        return r
""",
            "gen.py": """\
import asyncio
from client import LLM
async def main():
    llm = LLM('gpt-4o-mini')
    await asyncio.gather(*(llm.ask(p) for p in 'ab'))
asyncio.run(main())
""",
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="client.py:8 gen.py:4",
    ),
    Pipeline(
        "dockerfile-env",
        files={
            "Dockerfile": """\
FROM python:3.11
ENV OPENAI_BASE_URL=https://api.groq.com/openai/v1
CMD python main.py
""",
            "main.py": """\
from openai import OpenAI
OpenAI().chat.completions.create(model='llama-3.1-70b-versatile', messages=[])
""",
        },
        channels="groq",
        models="llama-3.1-70b-versatile",
        sites="main.py:2",
    ),
]
