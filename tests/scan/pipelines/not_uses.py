"""What looks like a use and is none: local servers, dead code, tests, tokenizers, students, prose."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "langchain-openai-at-vllm",
        files={
            "pipeline.py": """\
from langchain_openai import ChatOpenAI
ChatOpenAI(model="Qwen/Qwen2.5-72B-Instruct", openai_api_base="http://localhost:8000/v1").invoke("x")
""",
        },
    ),
    Pipeline(
        "dspy-local",
        files={
            "pipeline.py": """\
import dspy
dspy.configure(lm=dspy.LM("openai/meta-llama/Llama-3.1-8B-Instruct", api_base="http://localhost:7501/v1", api_key="none"))
""",
        },
    ),
    Pipeline(
        "outlines-local",
        files={
            "pipeline.py": """\
import outlines
model = outlines.models.transformers("microsoft/Phi-3-mini-4k-instruct")
""",
        },
    ),
    Pipeline(
        "autogen-local",
        files={
            "pipeline.py": """\
from autogen import AssistantAgent
llm_config = {"config_list": [{"model": "llama3", "base_url": "http://localhost:11434/v1", "api_key": "ollama"}]}
AssistantAgent("a", llm_config=llm_config)
""",
        },
    ),
    Pipeline(
        "litellm-api-base-local",
        files={
            "pipeline.py": """\
import litellm
litellm.completion(model="openai/my-model", api_base="http://127.0.0.1:8000/v1", messages=[])
""",
        },
    ),
    Pipeline(
        "hf-inference-local",
        files={
            "pipeline.py": """\
from huggingface_hub import InferenceClient
client = InferenceClient(model="http://127.0.0.1:8080")
client.text_generation("x")
""",
        },
    ),
    Pipeline(
        "boto3-s3",
        files={
            "pipeline.py": """\
import boto3
s3 = boto3.client("s3")
s3.upload_file("train.jsonl", "bucket", "claude-outputs/train.jsonl")
boto3.resource("dynamodb").Table("gpt-4").scan()
""",
        },
    ),
    Pipeline(
        "vllm-local",
        files={
            "pipeline.py": """\
from vllm import LLM, SamplingParams
llm = LLM(model="Qwen/Qwen2.5-72B-Instruct", tensor_parallel_size=4)
out = llm.generate(["x"], SamplingParams())
""",
        },
    ),
    Pipeline(
        "ollama",
        files={
            "pipeline.py": """\
import ollama
from ollama import Client
Client(host="http://localhost:11434").chat(model="llama3.1", messages=[])
""",
        },
    ),
    Pipeline(
        "transformers-pipeline",
        files={
            "pipeline.py": """\
from transformers import pipeline
pipe = pipeline("text-generation", model="meta-llama/Llama-3.1-8B-Instruct")
pipe("x")
""",
        },
    ),
    Pipeline(
        "unsloth",
        files={
            "pipeline.py": """\
from unsloth import FastLanguageModel
from trl import SFTTrainer
model, tok = FastLanguageModel.from_pretrained(model_name="unsloth/llama-3-8b-bnb-4bit", max_seq_length=2048)
SFTTrainer(model=model, tokenizer=tok).train()
""",
        },
    ),
    Pipeline(
        "dead-client",
        files={
            "pipeline.py": """\
from openai import OpenAI
def old():
    return OpenAI().chat.completions.create(model="gpt-4", messages=[])
def main():
    print("nothing")
main()
""",
        },
    ),
    Pipeline(
        "if-false",
        files={
            "pipeline.py": """\
from openai import OpenAI
if False:
    OpenAI().chat.completions.create(model="gpt-4", messages=[])
DEBUG = False
if 0:
    OpenAI().chat.completions.create(model="gpt-4", messages=[])
""",
        },
    ),
    Pipeline(
        "mock",
        files={
            "pipeline.py": """\
from unittest.mock import MagicMock
client = MagicMock()
client.chat.completions.create(model="gpt-4", messages=[])
""",
        },
    ),
    Pipeline(
        "tokenizers",
        files={
            "pipeline.py": """\
import tiktoken, anthropic
from transformers import AutoTokenizer
enc = tiktoken.encoding_for_model("gpt-4o")
AutoTokenizer.from_pretrained("meta-llama/Llama-3.1-70B")
def count(t):
    return anthropic.Anthropic().messages.count_tokens(model="claude-3-opus-20240229", messages=[])
""",
        },
    ),
    Pipeline(
        "typing-only",
        files={
            "pipeline.py": """\
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from openai import OpenAI
def f(client: "OpenAI") -> None: ...
""",
        },
    ),
    Pipeline(
        "openai-errors-only",
        files={
            "pipeline.py": """\
from openai import RateLimitError
import openai
try:
    pass
except (RateLimitError, openai.APIError):
    pass
""",
        },
    ),
    Pipeline(
        "local-port-fstring",
        files={
            "pipeline.py": """\
from openai import OpenAI
import sys
port = sys.argv[1]
OpenAI(base_url=f"http://localhost:{port}/v1", api_key="EMPTY").chat.completions.create(model="m", messages=[])
""",
        },
    ),
    Pipeline(
        "shell-env-local",
        files={
            "run.sh": """\
export OPENAI_BASE_URL=http://localhost:8000/v1
export OPENAI_API_KEY=EMPTY
python main.py
""",
            "main.py": """\
from openai import OpenAI
OpenAI().chat.completions.create(model='Qwen/Qwen2.5-7B-Instruct', messages=[])
""",
        },
    ),
    Pipeline(
        "tests-only",
        files={
            "tests/test_a.py": """\
from openai import OpenAI
OpenAI().chat.completions.create(model='gpt-4', messages=[])
""",
            "main.py": "print(1)\n",
        },
    ),
    Pipeline(
        "requirements-only",
        files={
            "requirements.txt": """\
openai==1.3
anthropic
""",
            "main.py": "print(1)\n",
        },
    ),
    Pipeline(
        "axolotl",
        files={
            "configs/qlora.yml": """\
base_model: NousResearch/Meta-Llama-3-8B
datasets:
  - path: teknium/OpenHermes-2.5
    type: sharegpt
learning_rate: 2e-4
adapter: qlora
""",
        },
        sites="configs/qlora.yml:1",
    ),
    Pipeline(
        "llamafactory",
        files={
            "sft.yaml": """\
model_name_or_path: meta-llama/Meta-Llama-3-8B-Instruct
stage: sft
dataset: alpaca_en,identity
learning_rate: 1.0e-4
num_train_epochs: 3.0
""",
        },
        sites="sft.yaml:1",
    ),
    Pipeline(
        "async-class-local",
        files={
            "client.py": """\
from openai import AsyncOpenAI
class LLM:
    def __init__(self, model: str, base_url: str | None = None):
        self.client = AsyncOpenAI(base_url=base_url)
        self.model = model
    async def ask(self, p):
        return await self.client.chat.completions.create(model=self.model, messages=[])
""",
            "gen.py": """\
from client import LLM
llm = LLM('Qwen/Qwen2-7B', base_url='http://localhost:8000/v1')
llm.ask('x')
""",
        },
    ),
    Pipeline(
        "ts-local",
        files={
            "gen.ts": """\
import OpenAI from 'openai';
const c = new OpenAI({ baseURL: 'http://localhost:11434/v1', apiKey: 'ollama' });
await c.chat.completions.create({ model: 'llama3', messages: [] });
""",
        },
    ),
    Pipeline(
        "ts-comment",
        files={
            "gen.ts": """\
/*
 const c = new OpenAI();
*/
// fetch('https://api.openai.com/v1/chat/completions')
const docs = 'see https://api.openai.com/docs';
export {};
""",
        },
    ),
    Pipeline(
        "ts-type-only",
        files={
            "t.ts": """\
import type OpenAI from 'openai';
export function f(c: OpenAI) { return 1; }
""",
        },
    ),
    Pipeline(
        "litellm-config",
        files={
            "litellm_config.yaml": """\
model_list:
  - model_name: teacher
    litellm_params:
      model: anthropic/claude-3-opus-20240229
      api_key: os.environ/K
""",
        },
    ),
    Pipeline(
        "promptfoo",
        files={
            "promptfooconfig.yaml": """\
providers:
  - openai:gpt-4o
  - anthropic:messages:claude-3-5-sonnet-20241022
""",
        },
    ),
]
