"""Calls that reach a model by a detour: functions under other names, clients from elsewhere, addresses under a name."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "sdk-function-under-a-local-name",
        files={
            "ask.py": """\
import openai
from cache import cached

def ask(prompt, temperature):
    function = cached if temperature == 0 else openai.Completion.create
    return function(engine="text-davinci-003", prompt=prompt)

ask("x", 1)
"""
        },
        channels="openai",
        models="text-davinci-003",
        sites="ask.py:6",
    ),
    Pipeline(
        "client-picked-from-a-pool",
        files={
            "pool.py": """\
import random
import openai
from settings_of_ours import connect_all

def ask(prompt):
    clients = connect_all()
    client = clients[random.choice(range(len(clients)))]
    return client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}])

ask("x")
"""
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="pool.py:8",
    ),
    Pipeline(
        "client-given-to-a-library",
        files={
            "topics.py": """\
from openai import OpenAI
from topicmaker.backend import OpenAIBackend
client = OpenAI()
client.chat.completions.create(model="gpt-4o", messages=[])
embedder = OpenAIBackend(client, "text-embedding-3-small")
"""
        },
        channels="openai",
        models="gpt-4o",
        sites="topics.py:4 topics.py:5",
    ),
    Pipeline(
        "azure-told-by-its-header",
        files={
            "gen.py": """\
import os
from openai import OpenAI
client = OpenAI(base_url=os.environ["ENDPOINT"] + "/openai/deployments/x", default_query={"api-version": "2024-02-01"})
client.chat.completions.create(model="gpt-4o", messages=[])
"""
        },
        channels="azure",
        models="gpt-4o",
        sites="gen.py:4",
    ),
    Pipeline(
        "only-the-branch-of-the-default-model",
        files={
            "rank.py": """\
from openai import OpenAI
from anthropic import Anthropic

class OpenaiRanker:
    def __init__(self):
        self.api = OpenAI()
    def rank(self, text, model):
        return self.api.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])

class ClaudeRanker:
    def __init__(self):
        self.api = Anthropic()
    def rank(self, text, model):
        return self.api.messages.create(model=model, max_tokens=3, messages=[{"role": "user", "content": text}])

def run(text, model_name="gpt-4o"):
    if "gpt" in model_name:
        Ranker = OpenaiRanker
    elif model_name.startswith("claude"):
        Ranker = ClaudeRanker
    return Ranker().rank(text, model_name)

run("x", model_name="gpt-4o-mini")
"""
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="rank.py:8",
    ),
    Pipeline(
        "a-readme-starts-the-program-beside-a-server-of-ones-own",
        files={
            "README-local.md": """\
```shell
vllm serve our-model --port 9000
export OPENAI_BASE_URL="http://localhost:9000/v1/"
```

```shell
python src/made/generate.py \\
    --n 3
```
""",
            "src/made/__init__.py": "from . import clients\n",
            "src/made/clients.py": """\
import openai

class Asker:
    def __init__(self):
        self.client = openai.OpenAI()
    def ask(self, **given):
        return self.client.chat.completions.create(**given)
""",
            "src/made/generate.py": """\
import made
made.clients.Asker().ask(model="our-model", messages=[])
""",
        },
        channels="",
        sites="src/made/clients.py:7",
    ),
    Pipeline(
        "rows-of-data-configure-nothing",
        files={
            "rows.json": "[\n"
            + ",\n".join(
                '{\n"api_base": "https://api.mistral.ai/v1",\n"model": "mistral-large"\n}' for _ in range(3000)
            )
            + "\n]",
            "gen.py": """\
from openai import OpenAI
from elsewhere import given
client = OpenAI(**given)
client.chat.completions.create(model="gpt-4o", messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="gen.py:4",
    ),
    Pipeline(
        "r-address-under-a-name-of-another-file",
        files={
            "R/addresses.R": 'url.chat <- "https://api.openai.com/v1/chat/completions"\n',
            "R/ask.R": """\
ask <- function(prompt) {
  httr::POST(url = url.chat,
             body = list(model = "gpt-4o", messages = list()))
}
""",
            "R/fetch.R": "page <- function(url) {\n  request(url) |> req_perform()\n}\n",
        },
        channels="openai",
        models="gpt-4o",
        sites="R/ask.R:2",
    ),
    Pipeline(
        "r-azure-by-its-variable",
        files={
            "ask.R": 'resp <- request(Sys.getenv("AZURE_OPENAI_ENDPOINT")) |>\n  req_url_path_append("openai/deployments")\n'
        },
        channels="azure",
        sites="ask.R:1",
    ),
    Pipeline(
        "r-tidyllm",
        files={
            "ask.R": 'library(tidyllm)\nllm_message("Label this") |> chat(claude(.model = "claude-3-5-sonnet-latest"))\n'
        },
        channels="anthropic",
        sites="ask.R:2",
    ),
    Pipeline(
        "shell-address-under-a-name",
        files={
            "ask.sh": """\
API_URL="https://api.groq.com/openai/v1/chat/completions"

ask() {
  curl -s "$API_URL" \\
    -d '{"model": "llama-3.3-70b-versatile"}'
}
"""
        },
        channels="groq",
        models="llama-3.3-70b-versatile",
        sites="ask.sh:4",
    ),
    Pipeline(
        "each-address-that-a-request-may-go-to",
        files={
            "ask.py": """\
import requests
URLS = {"a": "https://api.openai.com/v1/chat/completions", "b": "https://api.mistral.ai/v1/chat/completions"}

def ask(prompt, model):
    if "gpt" in model:
        url = URLS["a"]
    else:
        url = URLS["b"]
    return requests.post(url, json={"model": model, "messages": []})

ask("x", "gpt-4o")
ask("x", "mistral-large-latest")
"""
        },
        channels="mistral openai",
        models="gpt-4o mistral-large-latest",
        sites="ask.py:9",
    ),
    Pipeline(
        "the-provider-that-the-configuration-chooses",
        files={
            "config.yml": "llm:\n  type: 'OpenAI'  # or Anthropic\n  name: gpt-4o\n",
            "models.py": """\
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from ours import read

def chosen(config):
    if config["type"].lower() == "openai":
        return ChatOpenAI(model_name=config["name"])
    elif config["type"].lower() == "anthropic":
        return ChatAnthropic(model=config["name"])

chosen(read("config.yml"))
""",
        },
        channels="openai",
        sites="models.py:7",
    ),
]
