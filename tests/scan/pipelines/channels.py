"""Channels: SDKs of providers and clouds, gateways, requests sent by hand."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "vertexai",
        files={
            "pipeline.py": """\
import vertexai
from vertexai.generative_models import GenerativeModel
vertexai.init(project="p", location="us-central1")
model = GenerativeModel("gemini-1.5-pro-002")
model.generate_content("x")
""",
        },
        channels="google-vertex",
        models="gemini-1.5-pro-002",
        sites="pipeline.py:5",
    ),
    Pipeline(
        "genai-vertex",
        files={
            "pipeline.py": """\
from google import genai
client = genai.Client(vertexai=True, project="p", location="l")
for chunk in client.models.generate_content_stream(model="gemini-2.5-pro", contents="x"):
    print(chunk.text)
""",
        },
        channels="google-vertex",
        models="gemini-2.5-pro",
    ),
    Pipeline(
        "genai-chats",
        files={
            "pipeline.py": """\
from google import genai
client = genai.Client(api_key="x")
chat = client.chats.create(model="gemini-2.5-flash")
chat.send_message("hello")
""",
        },
        channels="google",
        models="gemini-2.5-flash",
    ),
    Pipeline(
        "genai-aio",
        files={
            "pipeline.py": """\
import asyncio
from google import genai
client = genai.Client()
async def main():
    return await client.aio.models.generate_content(model="gemini-2.0-flash", contents="hi")
asyncio.run(main())
""",
        },
        channels="google",
        models="gemini-2.0-flash",
        sites="pipeline.py:5",
    ),
    Pipeline(
        "mistral-async",
        files={
            "pipeline.py": """\
import asyncio
from mistralai import Mistral
async def ask(p):
    async with Mistral(api_key="k") as m:
        return await m.chat.complete_async(model="mistral-large-latest", messages=[])
asyncio.run(ask("x"))
""",
        },
        channels="mistral",
        models="mistral-large-latest",
        sites="pipeline.py:5",
    ),
    Pipeline(
        "mistral-old",
        files={
            "pipeline.py": """\
from mistralai.client import MistralClient
from mistralai.models.chat_completion import ChatMessage
client = MistralClient(api_key="k")
r = client.chat(model="mistral-medium", messages=[ChatMessage(role="user", content="x")])
""",
        },
        channels="mistral",
        models="mistral-medium",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "cohere-v2",
        files={
            "pipeline.py": """\
import cohere
co = cohere.ClientV2()
co.chat(model="command-r-plus-08-2024", messages=[])
""",
        },
        channels="cohere",
        models="command-r-plus-08-2024",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "groq",
        files={
            "pipeline.py": """\
from groq import Groq
def complete(p):
    c = Groq()
    return c.chat.completions.create(messages=[], model="llama-3.3-70b-versatile").choices[0].message.content
print(complete("x"))
""",
        },
        channels="groq",
        models="llama-3.3-70b-versatile",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "together-old",
        files={
            "pipeline.py": """\
import together
together.api_key = "x"
out = together.Complete.create(prompt="x", model="togethercomputer/llama-2-70b-chat")
""",
        },
        channels="together",
        models="togethercomputer/llama-2-70b-chat",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "replicate-stream",
        files={
            "pipeline.py": """\
import replicate
for event in replicate.stream("meta/meta-llama-3-70b-instruct", input={"prompt": "x"}):
    print(event)
""",
        },
        channels="replicate",
        models="meta/meta-llama-3-70b-instruct",
    ),
    Pipeline(
        "hf-inference-provider",
        files={
            "pipeline.py": """\
from huggingface_hub import InferenceClient
client = InferenceClient(provider="together", api_key="x")
client.chat.completions.create(model="deepseek-ai/DeepSeek-V3", messages=[])
""",
        },
        channels="together",
        models="deepseek-ai/DeepSeek-V3",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "hf-inference-model",
        files={
            "pipeline.py": """\
from huggingface_hub import InferenceClient
client = InferenceClient("HuggingFaceH4/zephyr-7b-beta")
client.text_generation("x", max_new_tokens=5)
""",
        },
        channels="huggingface",
        models="HuggingFaceH4/zephyr-7b-beta",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "hf-router-http",
        files={
            "pipeline.py": """\
import requests
API_URL = "https://api-inference.huggingface.co/models/mistralai/Mixtral-8x7B-Instruct-v0.1"
def query(payload):
    return requests.post(API_URL, headers={"Authorization": "Bearer x"}, json=payload).json()
query({"inputs": "x"})
""",
        },
        channels="huggingface",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "bedrock-converse",
        files={
            "pipeline.py": """\
import boto3
session = boto3.Session(profile_name="x")
client = session.client(service_name="bedrock-runtime", region_name="us-east-1")
r = client.converse(modelId="us.anthropic.claude-3-7-sonnet-20250219-v1:0", messages=[])
""",
        },
        channels="amazon-bedrock",
        models="us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "bedrock-arn",
        files={
            "pipeline.py": """\
import boto3, json
brt = boto3.client("bedrock-runtime")
MODEL = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-70b-instruct-v1:0"
brt.invoke_model(modelId=MODEL, body=json.dumps({}))
""",
        },
        channels="amazon-bedrock",
        models="arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-70b-instruct-v1:0",
    ),
    Pipeline(
        "azure-deployment",
        files={
            "pipeline.py": """\
import os
from openai import AzureOpenAI
client = AzureOpenAI(api_version="2024-02-01", azure_endpoint=os.environ["AZURE_OPENAI_ENDPOINT"], azure_deployment="gpt-4o-team")
client.chat.completions.create(model="gpt-4o-team", messages=[])
""",
        },
        channels="azure",
        models="gpt-4o-team",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "azure-old",
        files={
            "pipeline.py": """\
import openai, os
openai.api_type = "azure"
openai.api_base = os.getenv("AZURE_OPENAI_ENDPOINT")
openai.api_version = "2023-05-15"
openai.ChatCompletion.create(engine="gpt-35-turbo", messages=[])
""",
        },
        channels="azure",
        models="gpt-35-turbo",
        sites="pipeline.py:5",
    ),
    Pipeline(
        "openrouter",
        files={
            "pipeline.py": """\
from openai import OpenAI
client = OpenAI(base_url="https://openrouter.ai/api/v1", api_key="x")
client.chat.completions.create(model="anthropic/claude-3.5-sonnet", messages=[], extra_body={})
""",
        },
        channels="openrouter",
        models="anthropic/claude-3.5-sonnet",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "requests-raw",
        files={
            "pipeline.py": """\
import requests
URL = "https://api.openai.com/v1/chat/completions"
body = {"model": "gpt-4-turbo", "messages": []}
r = requests.post(URL, json=body, headers={})
""",
        },
        channels="openai",
        models="gpt-4-turbo",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "requests-session",
        files={
            "pipeline.py": """\
import requests, json
s = requests.Session()
def ask(p):
    data = dict(model="claude-2.1", prompt=p)
    return s.post("https://api.anthropic.com/v1/complete", data=json.dumps(data))
ask("x")
""",
        },
        channels="anthropic",
        models="claude-2.1",
        sites="pipeline.py:5",
    ),
    Pipeline(
        "httpx-client-base-url",
        files={
            "pipeline.py": """\
import httpx
client = httpx.Client(base_url="https://api.deepseek.com")
client.post("/chat/completions", json={"model": "deepseek-chat"})
""",
        },
        channels="deepseek",
        models="deepseek-chat",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "aiohttp-session",
        files={
            "pipeline.py": """\
import aiohttp, asyncio
async def ask(session, p):
    async with session.post("https://api.mistral.ai/v1/chat/completions", json={"model": "open-mistral-7b"}) as r:
        return await r.json()
async def main():
    async with aiohttp.ClientSession() as session, asyncio.Semaphore(3) as sem:
        await asyncio.gather(*[ask(session, p) for p in "ab"])
asyncio.run(main())
""",
        },
        channels="mistral",
        models="open-mistral-7b",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "urllib",
        files={
            "pipeline.py": """\
import json, urllib.request
req = urllib.request.Request("https://api.x.ai/v1/chat/completions", data=json.dumps({"model": "grok-2-latest"}).encode())
print(urllib.request.urlopen(req).read())
""",
        },
        channels="xai",
        models="grok-2-latest",
        sites="pipeline.py:2",
    ),
    Pipeline(
        "http-client",
        files={
            "pipeline.py": """\
import http.client, json
conn = http.client.HTTPSConnection("api.openai.com")
conn.request("POST", "/v1/chat/completions", json.dumps({"model": "gpt-4o"}))
""",
        },
        channels="openai",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "openai-module-client",
        files={
            "pipeline.py": """\
import openai
openai.api_key = "x"
r = openai.chat.completions.create(model="gpt-4o", messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "openai-batch",
        files={
            "pipeline.py": """\
from openai import OpenAI
client = OpenAI()
f = client.files.create(file=open("b.jsonl", "rb"), purpose="batch")
client.batches.create(input_file_id=f.id, endpoint="/v1/chat/completions", completion_window="24h")
""",
        },
        channels="openai",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "together-embeddings",
        files={
            "pipeline.py": """\
from together import Together
Together().embeddings.create(model="togethercomputer/m2-bert-80M-8k-retrieval", input="x")
""",
        },
        channels="together",
        models="togethercomputer/m2-bert-80M-8k-retrieval",
        sites="pipeline.py:2",
    ),
    Pipeline(
        "gemini-openai-compat",
        files={
            "pipeline.py": """\
from openai import OpenAI
c = OpenAI(api_key="x", base_url="https://generativelanguage.googleapis.com/v1beta/openai/")
c.chat.completions.create(model="gemini-1.5-flash", messages=[])
""",
        },
        channels="google",
        models="gemini-1.5-flash",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "palm-old",
        files={
            "pipeline.py": """\
import google.generativeai as palm
palm.configure(api_key="x")
palm.generate_text(model="models/text-bison-001", prompt="x")
""",
        },
        channels="google",
        models="models/text-bison-001",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "dashscope",
        files={
            "pipeline.py": """\
import dashscope
from http import HTTPStatus
r = dashscope.Generation.call(model="qwen-max", messages=[])
""",
        },
        channels="alibaba-qwen",
        models="qwen-max",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "qwen-compat",
        files={
            "pipeline.py": """\
from openai import OpenAI
c = OpenAI(base_url="https://dashscope.aliyuncs.com/compatible-mode/v1")
c.chat.completions.create(model="qwen-plus", messages=[])
""",
        },
        channels="alibaba-qwen",
        models="qwen-plus",
    ),
    Pipeline(
        "zhipu",
        files={
            "pipeline.py": """\
from zhipuai import ZhipuAI
client = ZhipuAI(api_key="")
client.chat.completions.create(model="glm-4", messages=[])
""",
        },
        channels="zhipu",
        models="glm-4",
        sites="pipeline.py:3",
    ),
    Pipeline(
        "ark-volc",
        files={
            "pipeline.py": """\
from volcenginesdkarkruntime import Ark
client = Ark()
client.chat.completions.create(model="doubao-pro-32k", messages=[])
""",
        },
        channels="volcengine",
    ),
    Pipeline(
        "chat-stream-helper",
        files={
            "pipeline.py": """\
from openai import OpenAI
with OpenAI().beta.chat.completions.stream(model="gpt-4o", messages=[]) as s:
    for e in s: pass
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "cerebras",
        files={
            "pipeline.py": """\
from cerebras.cloud.sdk import Cerebras
Cerebras().chat.completions.create(model="llama3.1-70b", messages=[])
""",
        },
        channels="cerebras",
        models="llama3.1-70b",
    ),
    Pipeline(
        "watsonx",
        files={
            "pipeline.py": """\
from ibm_watsonx_ai.foundation_models import ModelInference
m = ModelInference(model_id="meta-llama/llama-3-70b-instruct", credentials={}, project_id="p")
m.generate_text("x")
""",
        },
        channels="ibm-watsonx",
        models="meta-llama/llama-3-70b-instruct",
    ),
]
