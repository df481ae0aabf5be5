"""Frameworks: pipelines that ask a model through a library's classes, agents and routers."""

from tests.scan.pipelines.pipeline import Pipeline

PIPELINES = [
    Pipeline(
        "langchain-init-chat-model",
        files={
            "pipeline.py": """\
from langchain.chat_models import init_chat_model
llm = init_chat_model("claude-3-5-sonnet-20241022", model_provider="anthropic", temperature=0)
print(llm.invoke("hello"))
""",
        },
        channels="anthropic",
        models="claude-3-5-sonnet-20241022",
        sites="pipeline.py:2",
    ),
    Pipeline(
        "langchain-init-prefix",
        files={
            "pipeline.py": """\
from langchain.chat_models import init_chat_model
llm = init_chat_model("google_vertexai:gemini-1.5-pro")
llm.batch(["a"])
""",
        },
        channels="google-vertex",
        models="google_vertexai:gemini-1.5-pro",
    ),
    Pipeline(
        "langchain-chain",
        files={
            "pipeline.py": """\
from langchain_openai import ChatOpenAI
from langchain_core.prompts import ChatPromptTemplate
prompt = ChatPromptTemplate.from_template("Write {n} questions")
chain = prompt | ChatOpenAI(model="gpt-4o-mini") | (lambda m: m.content)
chain.invoke({"n": 3})
""",
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "langchain-bedrock",
        files={
            "pipeline.py": """\
from langchain_aws import ChatBedrock
llm = ChatBedrock(model_id="anthropic.claude-3-sonnet-20240229-v1:0", region_name="us-east-1")
llm.invoke("x")
""",
        },
        channels="amazon-bedrock",
        models="anthropic.claude-3-sonnet-20240229-v1:0",
    ),
    Pipeline(
        "llamaindex-settings",
        files={
            "pipeline.py": """\
from llama_index.core import Settings
from llama_index.llms.openai import OpenAI
Settings.llm = OpenAI(model="gpt-4o")
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "llamaindex-anthropic",
        files={
            "pipeline.py": """\
from llama_index.llms.anthropic import Anthropic
llm = Anthropic(model="claude-3-opus-20240229")
llm.complete("x")
""",
        },
        channels="anthropic",
        models="claude-3-opus-20240229",
    ),
    Pipeline(
        "llamaindex-together",
        files={
            "pipeline.py": """\
from llama_index.llms.together import TogetherLLM
llm = TogetherLLM(model="mistralai/Mixtral-8x7B-Instruct-v0.1")
""",
        },
        channels="together",
        models="mistralai/Mixtral-8x7B-Instruct-v0.1",
    ),
    Pipeline(
        "llamaindex-openailike",
        files={
            "pipeline.py": """\
from llama_index.llms.openai_like import OpenAILike
llm = OpenAILike(model="accounts/fireworks/models/llama-v3p1-70b-instruct", api_base="https://api.fireworks.ai/inference/v1")
""",
        },
        channels="fireworks",
        models="accounts/fireworks/models/llama-v3p1-70b-instruct",
    ),
    Pipeline(
        "dspy-configure",
        files={
            "pipeline.py": """\
import dspy
lm = dspy.LM(model="openai/gpt-4o-mini")
dspy.configure(lm=lm)
""",
        },
        channels="openai",
        models="openai/gpt-4o-mini",
    ),
    Pipeline(
        "haystack-generator",
        files={
            "pipeline.py": """\
from haystack.components.generators.chat import OpenAIChatGenerator
g = OpenAIChatGenerator(model="gpt-4o-mini")
g.run(messages=[])
""",
        },
        channels="openai",
        models="gpt-4o-mini",
    ),
    Pipeline(
        "haystack-cohere",
        files={
            "pipeline.py": """\
from haystack_integrations.components.generators.cohere import CohereChatGenerator
CohereChatGenerator(model="command-r-plus").run([])
""",
        },
        channels="cohere",
        models="command-r-plus",
    ),
    Pipeline(
        "instructor-from-openai",
        files={
            "pipeline.py": """\
import instructor
from openai import OpenAI
client = instructor.from_openai(OpenAI())
client.chat.completions.create(model="gpt-4o", response_model=dict, messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "instructor-patch-anthropic",
        files={
            "pipeline.py": """\
import instructor
from anthropic import Anthropic
client = instructor.from_anthropic(Anthropic())
user = client.messages.create(model="claude-3-haiku-20240307", max_tokens=5, messages=[], response_model=dict)
""",
        },
        channels="anthropic",
        models="claude-3-haiku-20240307",
        sites="pipeline.py:4",
    ),
    Pipeline(
        "instructor-from-provider",
        files={
            "pipeline.py": """\
import instructor
client = instructor.from_provider("google/gemini-2.0-flash")
client.chat.completions.create(response_model=dict, messages=[])
""",
        },
        channels="google",
        models="google/gemini-2.0-flash",
    ),
    Pipeline(
        "instructor-client-create",
        files={
            "pipeline.py": """\
import instructor, openai
client = instructor.patch(openai.OpenAI())
resp = client.create(model="gpt-4o-mini", response_model=dict, messages=[])
""",
        },
        channels="openai",
        models="gpt-4o-mini",
    ),
    Pipeline(
        "outlines-openai",
        files={
            "pipeline.py": """\
import outlines
model = outlines.models.openai("gpt-4o-mini")
generator = outlines.generate.choice(model, ["a", "b"])
""",
        },
        channels="openai",
        models="gpt-4o-mini",
    ),
    Pipeline(
        "outlines-v1",
        files={
            "pipeline.py": """\
import outlines, openai
model = outlines.from_openai(openai.OpenAI(), "gpt-4o")
model("x", int)
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "guidance",
        files={
            "pipeline.py": """\
import guidance
from guidance import models
lm = models.OpenAI("gpt-3.5-turbo")
""",
        },
        channels="openai",
        models="gpt-3.5-turbo",
    ),
    Pipeline(
        "semantic-kernel",
        files={
            "pipeline.py": """\
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.open_ai import AzureChatCompletion
kernel = Kernel()
kernel.add_service(AzureChatCompletion(deployment_name="gpt-4o", endpoint="https://x.openai.azure.com", api_key="k"))
""",
        },
        channels="azure",
        models="gpt-4o",
    ),
    Pipeline(
        "autogen-config-list",
        files={
            "pipeline.py": """\
import autogen
config_list = [{"model": "gpt-4-turbo", "api_key": "x"}]
assistant = autogen.AssistantAgent("assistant", llm_config={"config_list": config_list})
user = autogen.UserProxyAgent("user")
user.initiate_chat(assistant, message="write data")
""",
        },
        channels="openai",
        models="gpt-4-turbo",
    ),
    Pipeline(
        "autogen-ext",
        files={
            "pipeline.py": """\
from autogen_ext.models.openai import OpenAIChatCompletionClient
client = OpenAIChatCompletionClient(model="gpt-4o")
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "crewai-llm",
        files={
            "pipeline.py": """\
from crewai import Agent, LLM, Task, Crew
llm = LLM(model="anthropic/claude-3-5-sonnet-20241022")
agent = Agent(role="Writer", goal="g", backstory="b", llm=llm)
""",
        },
        channels="anthropic",
        models="anthropic/claude-3-5-sonnet-20241022",
    ),
    Pipeline(
        "crewai-string",
        files={
            "pipeline.py": """\
from crewai import Agent
agent = Agent(role="Writer", goal="g", backstory="b", llm="groq/llama-3.1-70b-versatile")
""",
        },
        channels="groq",
        models="groq/llama-3.1-70b-versatile",
    ),
    Pipeline(
        "litellm-router",
        files={
            "pipeline.py": """\
from litellm import Router
router = Router(model_list=[
    {"model_name": "teacher", "litellm_params": {"model": "azure/gpt-4o", "api_base": "https://x.openai.azure.com"}},
    {"model_name": "teacher", "litellm_params": {"model": "gpt-4o"}},
])
router.completion(model="teacher", messages=[])
""",
        },
        channels="azure openai",
        models="azure/gpt-4o gpt-4o",
    ),
    Pipeline(
        "litellm-provider-kw",
        files={
            "pipeline.py": """\
import litellm
litellm.completion(model="llama-3.1-8b-instant", custom_llm_provider="groq", messages=[])
""",
        },
        channels="groq",
        models="llama-3.1-8b-instant",
    ),
    Pipeline(
        "distilabel-inference-endpoints",
        files={
            "pipeline.py": """\
from distilabel.llms import InferenceEndpointsLLM
from distilabel.pipeline import Pipeline
from distilabel.steps.tasks import TextGeneration
with Pipeline() as p:
    TextGeneration(llm=InferenceEndpointsLLM(model_id="meta-llama/Meta-Llama-3.1-70B-Instruct", tokenizer_id="x/y"))
p.run()
""",
        },
        channels="huggingface",
        models="meta-llama/Meta-Llama-3.1-70B-Instruct",
    ),
    Pipeline(
        "distilabel-models",
        files={
            "pipeline.py": """\
from distilabel.models import OpenAILLM, vLLM
from distilabel.steps.tasks import UltraFeedback, TextGeneration
judge = UltraFeedback(llm=OpenAILLM(model="gpt-4o"))
gen = TextGeneration(llm=vLLM(model="Qwen/Qwen2.5-7B-Instruct"))
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "curator",
        files={
            "pipeline.py": """\
from bespokelabs import curator
class Poet(curator.LLM):
    def prompt(self, input):
        return "Write"
    def parse(self, input, response):
        return response
poet = Poet(model_name="gpt-4o-mini")
poet(["x"])
""",
        },
        channels="openai",
        models="gpt-4o-mini",
        sites="pipeline.py:7",
    ),
    Pipeline(
        "curator-direct",
        files={
            "pipeline.py": """\
from bespokelabs import curator
llm = curator.LLM(model_name="deepseek/deepseek-reasoner", backend="litellm")
llm("x")
""",
        },
        channels="deepseek",
        models="deepseek/deepseek-reasoner",
    ),
    Pipeline(
        "nemo-curator",
        files={
            "pipeline.py": """\
from openai import OpenAI
from nemo_curator import OpenAIClient
openai_client = OpenAI(base_url="https://integrate.api.nvidia.com/v1", api_key="k")
client = OpenAIClient(openai_client)
r = client.query_model(model="nvidia/nemotron-4-340b-instruct", messages=[])
""",
        },
        channels="nvidia",
        models="nvidia/nemotron-4-340b-instruct",
    ),
    Pipeline(
        "camel",
        files={
            "pipeline.py": """\
from camel.agents import ChatAgent
from camel.models import ModelFactory
from camel.types import ModelPlatformType, ModelType
model = ModelFactory.create(model_platform=ModelPlatformType.OPENAI, model_type=ModelType.GPT_4O_MINI)
ChatAgent(model=model).step("x")
""",
        },
        channels="openai",
        models="gpt-4o-mini",
    ),
    Pipeline(
        "pydantic-ai",
        files={
            "pipeline.py": """\
from pydantic_ai import Agent
agent = Agent("anthropic:claude-3-5-sonnet-latest", system_prompt="x")
agent.run_sync("hello")
""",
        },
        channels="anthropic",
        models="anthropic:claude-3-5-sonnet-latest",
    ),
    Pipeline(
        "aisuite",
        files={
            "pipeline.py": """\
import aisuite as ai
client = ai.Client()
for model in ["openai:gpt-4o", "anthropic:claude-3-5-sonnet-20240620"]:
    client.chat.completions.create(model=model, messages=[])
""",
        },
        channels="anthropic openai",
        models="anthropic:claude-3-5-sonnet-20240620 openai:gpt-4o",
    ),
    Pipeline(
        "smolagents",
        files={
            "pipeline.py": """\
from smolagents import CodeAgent, HfApiModel
agent = CodeAgent(tools=[], model=HfApiModel(model_id="Qwen/Qwen2.5-Coder-32B-Instruct"))
agent.run("x")
""",
        },
        channels="huggingface",
        models="Qwen/Qwen2.5-Coder-32B-Instruct",
    ),
    Pipeline(
        "ragas",
        files={
            "pipeline.py": """\
from ragas.llms import LangchainLLMWrapper
from langchain_openai import ChatOpenAI
evaluator = LangchainLLMWrapper(ChatOpenAI(model="gpt-4o"))
""",
        },
        channels="openai",
        models="gpt-4o",
    ),
    Pipeline(
        "langfuse-openai",
        files={
            "pipeline.py": """\
from langfuse.openai import openai
openai.chat.completions.create(model="gpt-4o", messages=[])
""",
        },
        channels="openai",
        models="gpt-4o",
        sites="pipeline.py:2",
    ),
]
