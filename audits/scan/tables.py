"""What the scan knows about frameworks, prefixes of model names and training, as data."""

from typing import Final

# Frameworks whose classes stand for a served model: `ChatAnthropic(model=...)`, `MistralLLM(model=...)`.
_FRAMEWORKS = """
    langchain langchain_community langchain_core langchain_openai langchain_anthropic langchain_google_genai
    langchain_google_vertexai langchain_mistralai langchain_cohere langchain_groq langchain_together
    langchain_fireworks langchain_aws langchain_deepseek langchain_xai langchain_nvidia_ai_endpoints
    langchain_huggingface langchain_ollama langchain_perplexity distilabel llama_index haystack
    haystack_integrations pydantic_ai smolagents crewai autogen autogen_ext instructor ragas deepeval datadreamer
    lagent guidance outlines agno phi semantic_kernel marvin mirascope magentic langroid txtai dspy
"""
FRAMEWORKS: Final = frozenset(_FRAMEWORKS.split())
VENDORS: Final[dict[str, str]] = {
    "openai": "openai",
    "openaichat": "openai",
    "openairesponses": "openai",
    "openailike": "",
    "openaicompatible": "",
    "openaimultimodal": "openai",
    "gpt": "openai",
    "gpteval": "openai",
    "gptapi": "openai",
    "claudeapi": "anthropic",
    "geminiapi": "google",
    "chatgpt": "openai",
    "openaiserver": "openai",
    "openaigeneric": "openai",
    "azureopenai": "azure",
    "azurechatopenai": "azure",
    "azure": "azure",
    "anthropic": "anthropic",
    "claude": "anthropic",
    "googlegenerativeai": "google",
    "googlegenai": "google",
    "googleai": "google",
    "googleaistudio": "google",
    "gemini": "google",
    "google": "google",
    "vertexai": "google-vertex",
    "vertex": "google-vertex",
    "mistral": "mistral",
    "mistralai": "mistral",
    "cohere": "cohere",
    "groq": "groq",
    "together": "together",
    "togetherai": "together",
    "fireworks": "fireworks",
    "bedrock": "amazon-bedrock",
    "bedrockchat": "amazon-bedrock",
    "bedrockconverse": "amazon-bedrock",
    "amazonbedrock": "amazon-bedrock",
    "deepseek": "deepseek",
    "xai": "xai",
    "perplexity": "perplexity",
    "nvidia": "nvidia",
    "openrouter": "openrouter",
    "replicate": "replicate",
    "anyscale": "anyscale",
    "ai21": "ai21",
    "inferenceendpoints": "huggingface",
    "huggingfaceendpoint": "huggingface",
    "huggingfacehub": "huggingface",
    "huggingfaceinferenceapi": "huggingface",
    "hfapi": "huggingface",
    "inferenceclient": "huggingface",
    "ollama": "self",
    "vllm": "self",
    "llamacpp": "self",
    "transformers": "self",
    "huggingface": "self",
    "huggingfacepipeline": "self",
    "hftransformers": "self",
    "lite": "model",
    "litellm": "model",
    "chatlitellm": "model",
    "moonshot": "moonshot",
    "zhipuai": "zhipu",
    "tongyi": "alibaba-qwen",
    "dashscope": "alibaba-qwen",
    "sambanova": "sambanova",
    "cerebras": "cerebras",
    "deepinfra": "deepinfra",
    "hyperbolic": "hyperbolic",
    "siliconflow": "siliconflow",
    "novita": "novita",
}

# LiteLLM's (and DSPy's) prefixes of model names.
MODEL_PREFIXES: Final[dict[str, str]] = {
    "openai": "openai",
    "azure": "azure",
    "azure_ai": "azure",
    "bedrock": "amazon-bedrock",
    "sagemaker": "amazon-sagemaker",
    "vertex_ai": "google-vertex",
    "gemini": "google",
    "google": "google",
    "google_genai": "google",
    "google-gla": "google",
    "google_vertexai": "google-vertex",
    "google-vertex": "google-vertex",
    "vertex": "google-vertex",
    "vertexai": "google-vertex",
    "azure_openai": "azure",
    "azureml": "azure",
    "bedrock_converse": "amazon-bedrock",
    "aws": "amazon-bedrock",
    "mistralai": "mistral",
    "fireworks": "fireworks",
    "fireworks-ai": "fireworks",
    "hf": "huggingface",
    "hf-inference": "huggingface",
    "nvidia": "nvidia",
    "grok": "xai",
    "anthropic": "anthropic",
    "groq": "groq",
    "openrouter": "openrouter",
    "together_ai": "together",
    "together": "together",
    "fireworks_ai": "fireworks",
    "deepinfra": "deepinfra",
    "replicate": "replicate",
    "mistral": "mistral",
    "codestral": "mistral",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "xai": "xai",
    "perplexity": "perplexity",
    "huggingface": "huggingface",
    "nvidia_nim": "nvidia",
    "cerebras": "cerebras",
    "sambanova": "sambanova",
    "databricks": "databricks",
    "watsonx": "ibm-watsonx",
    "moonshot": "moonshot",
    "dashscope": "alibaba-qwen",
    "ollama": "self",
    "ollama_chat": "self",
    "hosted_vllm": "self",
    "vllm": "self",
    "lm_studio": "self",
    "llamafile": "self",
    "github": "github",
    "ai21": "ai21",
}

MODEL_KEYWORDS: Final = (
    "model",
    "model_name",
    "model_id",
    "modelId",
    "engine",
    "deployment_id",
    "azure_deployment",
    "deployment_name",
    "ai_model_id",
    "chat_model",
    "model_type",
    "repo_id",
    "endpoint_name",
    "version",
    "ref",
)
HOST_KEYWORDS: Final = (
    "base_url",
    "api_base",
    "openai_api_base",
    "openai_base_url",
    "openai_api_url",
    "azure_endpoint",
    "api_url",
    "api_endpoint",
    "inference_server_url",
    "endpoint_url",
    "url",
    "server_url",
    "host",
    "endpoint",
)
HTTP_METHODS: Final = frozenset(("post", "request", "stream", "urlopen", "Request", "get", "fetch", "put"))
HTTP_PACKAGES: Final = frozenset(
    ("requests", "httpx", "aiohttp", "urllib", "urllib3", "http", "grequests", "requests_html")
)
MODEL_PATHS: Final = (
    "/chat/completions",
    "/completions",
    "/v1/messages",
    "/v1/responses",
    "/embeddings",
    ":generateContent",
    ":streamGenerateContent",
    ":predict",
    ":rawPredict",
    "/api/generate",
    "/api/chat",
    "/invoke",
    "/converse",
    "/v1/complete",
    "/fine_tuning/jobs",
    "/v1/batches",
    "/generate",
    "/predictions",
)
CAMEL_PLATFORMS: Final[dict[str, str]] = {
    "DEFAULT": "openai",
    "OPENAI": "openai",
    "AZURE": "azure",
    "AWS_BEDROCK": "amazon-bedrock",
    "LITELLM": "model",
    "OLLAMA": "self",
    "VLLM": "self",
    "SGLANG": "self",
    "LMSTUDIO": "self",
    "GEMINI": "google",
    "ZHIPU": "zhipu",
    "QWEN": "alibaba-qwen",
    "NEMOTRON": "nvidia",
}

_STUDENT_LOADERS = """
    AutoModelForCausalLM AutoModelForSequenceClassification AutoModelForSeq2SeqLM AutoModelForTokenClassification
    AutoModel LlamaForCausalLM MistralForCausalLM Qwen2ForCausalLM GPTJForCausalLM T5ForConditionalGeneration
    BertForSequenceClassification FastLanguageModel FastModel SentenceTransformer AutoModelForCausalLMWithValueHead
"""
STUDENT_LOADERS: Final = frozenset(_STUDENT_LOADERS.split())
_TRAINERS = """
    Trainer SFTTrainer DPOTrainer GRPOTrainer PPOTrainer ORPOTrainer KTOTrainer RewardTrainer Seq2SeqTrainer
    GKDTrainer SentenceTransformerTrainer TrainHFFineTune TrainOpenAIFineTune TrainHFDPO TrainSetFitClassifier
"""
TRAINERS: Final = frozenset(_TRAINERS.split())

# Channels that serve their developer's models and no others.
OWN_MODELS_ONLY: Final = frozenset(
    ("openai", "anthropic", "google", "mistral", "cohere", "deepseek", "xai", "meta", "moonshot", "minimax")
)

# Agents that take a model by its name, with the prefix of whoever serves it: the keyword and the position (-1: by keyword only).
AGENTS: Final[dict[str, tuple[str, int]]] = {
    "crewai.Agent": ("llm", -1),
    "crewai.Crew": ("manager_llm", -1),
    "pydantic_ai.Agent": ("model", 0),
    "google.adk.agents.Agent": ("model", -1),
    "google.adk.agents.LlmAgent": ("model", -1),
    "agents.Agent": ("model", -1),
    "langchain.agents.create_agent": ("model", 0),
    "langgraph.prebuilt.create_react_agent": ("model", 0),
}
# AutoGen's ways of naming who serves a model, in `api_type`.
AUTOGEN_TYPES: Final[dict[str, str]] = {
    "openai": "openai",
    "azure": "azure",
    "anthropic": "anthropic",
    "google": "google",
    "mistral": "mistral",
    "groq": "groq",
    "together": "together",
    "cohere": "cohere",
    "bedrock": "amazon-bedrock",
    "ollama": "self",
    "deepseek": "deepseek",
    "cerebras": "cerebras",
}
PROVIDER_KEYWORDS: Final = ("provider", "model_provider", "custom_llm_provider", "llm_provider")
# Functions that put something around a client and hand it back.
WRAPS: Final = ("from_", "wrap", "patch", "instrument", "observe", "trace", "apatch")
