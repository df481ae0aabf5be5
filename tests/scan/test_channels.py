"""Who answers: one ruling for each way in which a pipeline reaches a model."""

import pytest

CHAT = "client.chat.completions.create(model='{model}', messages=[])\n"


def openai_client(arguments: str = "", model: str = "gpt-4o") -> str:
    return f"import os\nfrom openai import OpenAI\nclient = OpenAI({arguments})\n" + CHAT.format(model=model)


@pytest.mark.parametrize(
    ("code", "served_by", "provider", "models"),
    [
        (openai_client(), "openai", "openai", ("gpt-4o",)),
        ("import openai\nopenai.ChatCompletion.create(model='gpt-4', messages=[])", "openai", "openai", ("gpt-4",)),
        ("import openai as oa\noa.Completion.create(engine='davinci', prompt='x')", "openai", "openai", ("davinci",)),
        ("import openai\nopenai.api_base = 'https://api.deepinfra.com/v1/openai'\nopenai.ChatCompletion.create(model='acme-7b')",
         "deepinfra", "unknown", ("acme-7b",)),
        ("from openai import AzureOpenAI\nc = AzureOpenAI(azure_endpoint=E)\nc.chat.completions.create(model='gpt-4o')",
         "azure", "openai", ("gpt-4o",)),
        (openai_client("base_url='https://api.groq.com/openai/v1'", "llama-3.3-70b-versatile"),
         "groq", "meta", ("llama-3.3-70b-versatile",)),
        (openai_client("base_url=os.getenv('OPENAI_BASE_URL')"), "openai", "openai", ("gpt-4o",)),
        ("import anthropic\nanthropic.Anthropic().messages.create(model='claude-3-opus-20240229')",
         "anthropic", "anthropic", ("claude-3-opus-20240229",)),
        ("from google import genai\nc = genai.Client()\nc.models.generate_content(model='gemini-2.0-flash', contents='')",
         "google", "google", ("gemini-2.0-flash",)),
        ("import google.generativeai as genai\nm = genai.GenerativeModel('gemini-1.5-pro')\nm.generate_content('x')",
         "google", "google", ("gemini-1.5-pro",)),
        ("from vertexai.language_models import TextGenerationModel as T\nT.from_pretrained('text-bison@002').predict('x')",
         "google-vertex", "google", ("text-bison@002",)),
        ("from mistralai import Mistral\nwith Mistral(api_key='') as m:\n    m.chat.complete(model='mistral-large-latest')",
         "mistral", "mistral", ("mistral-large-latest",)),
        ("import cohere\nco = cohere.Client('')\nco.chat(model='command-r')", "cohere", "cohere", ("command-r",)),
        ("import boto3\nb = boto3.client('bedrock-runtime')\n"
         "b.invoke_model(modelId='anthropic.claude-3-haiku-20240307-v1:0', body='')",
         "amazon-bedrock", "anthropic", ("anthropic.claude-3-haiku-20240307-v1:0",)),
        ("from litellm import completion\ncompletion('groq/llama-3.1-8b-instant', messages=[])",
         "groq", "meta", ("groq/llama-3.1-8b-instant",)),
        ("import dspy\ndspy.LM('together_ai/openai/gpt-oss-20b')", "together", "openai", ("together_ai/openai/gpt-oss-20b",)),
        ("from langchain_anthropic import ChatAnthropic\nChatAnthropic(model='claude-3-opus-20240229')",
         "anthropic", "anthropic", ("claude-3-opus-20240229",)),
        ("from distilabel.llms import MistralLLM\nMistralLLM(model='open-mixtral-8x22b')",
         "mistral", "mistral", ("open-mixtral-8x22b",)),
        ("import replicate\nreplicate.run('meta/llama-2-70b-chat', input={})", "replicate", "meta", ("meta/llama-2-70b-chat",)),
        ("import requests\nrequests.post('https://api.anthropic.com/v1/messages', json={'model': 'claude-2.1'})",
         "anthropic", "anthropic", ("claude-2.1",)),
        ("import aiohttp\nB = 'https://api.openai.com'\nasync def f(s: aiohttp.ClientSession, path):\n"
         "    async with s.post(f'{B}{path}', json={'model': 'gpt-4'}) as r:\n        pass\nf(1, 2)",
         "openai", "openai", ("gpt-4",)),
        ("from camel.models import ModelFactory\nfrom camel.types import ModelPlatformType, ModelType\n"
         "ModelFactory.create(model_platform=ModelPlatformType.DEEPSEEK, model_type=ModelType.DEEPSEEK_CHAT)",
         "deepseek", "deepseek", ("deepseek-chat",)),
    ],
)  # fmt: skip
def test_the_channel_the_developer_and_the_model_are_told_apart(scan, code, served_by, provider, models):
    result = scan({"pipeline.py": code})
    (use,) = [use for use in result.uses if use.status == "used"]
    assert (use.served_by, use.provider, use.models, use.external) == (served_by, provider, models, True)
    assert result.providers == (served_by,)
    assert use.evidence[0].file == "pipeline.py"
    assert use.reasoning


@pytest.mark.parametrize(
    "code",
    [
        openai_client("base_url='http://localhost:8000/v1'", "meta-llama/Llama-3.1-8B"),
        openai_client("base_url=os.environ.get('VLLM', 'http://0.0.0.0:8082/v1')"),
        openai_client("base_url='http://ollama.team.svc.cluster.local:11434'"),
        "import boto3\nboto3.client('s3').put_object(Bucket='openai', Key='gpt-4')",
        "import tiktoken\ntiktoken.encoding_for_model('gpt-4')",
        "# from openai import OpenAI\n# client = OpenAI()\nPRICES = {'gpt-4': 0.03}",
        "from datasets import load_dataset\nload_dataset('openai/gsm8k')",
        "from transformers import AutoTokenizer\nAutoTokenizer.from_pretrained('mistralai/Mixtral-8x7B-v0.1')",
        "import requests\nrequests.get('https://api.openai.com/v1/models')",
        "import ollama\nollama.chat(model='llama3', messages=[])",
    ],
)
def test_what_stays_on_ones_own_machine_or_asks_no_model_is_no_outside_use(scan, code):
    assert scan({"pipeline.py": code}).providers == ()


def test_code_that_nothing_reaches_is_configurable_not_used(scan):
    result = scan(
        {
            "helper.py": "import openai\ndef ask(p):\n    return openai.Completion.create(model='text-davinci-003', prompt=p)\n"
        }
    )
    assert [(use.served_by, use.status) for use in result.uses] == [("openai", "configurable")]
    assert result.providers == ()
    assert "called nowhere" in " ".join(result.uses[0].reasoning)


def test_a_class_that_is_only_defined_is_configurable_and_one_that_is_made_is_used(scan):
    wrapper = "from openai import OpenAI\nclass Teacher:\n    def ask(self):\n"
    wrapper += "        return OpenAI().chat.completions.create(model='gpt-4')\n"
    assert scan({"teacher.py": wrapper}).providers == ()
    assert scan({"teacher.py": wrapper, "main.py": "from teacher import Teacher\nTeacher().ask()\n"}).providers == (
        "openai",
    )


def test_a_branch_for_a_mode_that_nothing_sets_is_configurable(scan):
    code = """
import cohere
from openai import OpenAI
class Engine:
    def __init__(self, mode="api"):
        if mode == "cohere":
            self.client = cohere.Client("")
        else:
            self.other = OpenAI()
    def ask(self):
        self.client.generate(prompt="x")
        self.other.chat.completions.create(model="gpt-4")
Engine().ask()
"""
    result = scan({"engine.py": code})
    assert result.providers == ("openai",)
    assert {(use.served_by, use.status) for use in result.uses} == {("openai", "used"), ("cohere", "configurable")}


def test_calls_in_tests_are_no_uses(scan):
    assert scan({"tests/test_it.py": openai_client(), "conftest.py": openai_client()}).uses == ()


def test_an_address_that_only_the_environment_knows_is_left_to_a_person(scan):
    result = scan({"run.py": openai_client("base_url=os.environ['TEACHER_URL']")})
    assert result.providers == ()
    assert [(item.file, item.line) for item in result.unresolved] == [("run.py", 4)]
    assert "TEACHER_URL" in result.unresolved[0].reason


def test_an_unknown_host_is_left_to_a_person(scan):
    result = scan({"run.py": openai_client("base_url='https://llm.example.com/v1'")})
    assert result.providers == ()
    assert "llm.example.com" in result.unresolved[0].reason
