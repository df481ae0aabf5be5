"""What the scan knows about SDKs and frameworks, as data. Hosts and developers of models come from the rulebook."""

from typing import Final, NamedTuple


class Sdk(NamedTuple):
    """A client class: whom it calls unless pointed elsewhere, and the package it belongs to."""

    served_by: str
    package: str


def _sdks(package: str, served_by: str, *names: str) -> dict[str, Sdk]:
    return {f"{package}.{name}": Sdk(served_by, package.partition(".")[0]) for name in names}


CLIENTS: Final[dict[str, Sdk]] = (
    _sdks("openai", "openai", "OpenAI", "AsyncOpenAI", "Client", "AsyncClient")
    | _sdks("openai", "azure", "AzureOpenAI", "AsyncAzureOpenAI")
    | _sdks("openai.lib.azure", "azure", "AzureOpenAI", "AsyncAzureOpenAI")
    | _sdks("anthropic", "anthropic", "Anthropic", "AsyncAnthropic", "Client", "AsyncClient")
    | _sdks("anthropic", "amazon-bedrock", "AnthropicBedrock", "AsyncAnthropicBedrock")
    | _sdks("anthropic", "google-vertex", "AnthropicVertex", "AsyncAnthropicVertex")
    | _sdks("groq", "groq", "Groq", "AsyncGroq", "Client")
    | _sdks("together", "together", "Together", "AsyncTogether", "Client")
    | _sdks("mistralai", "mistral", "Mistral")
    | _sdks("mistralai.client", "mistral", "MistralClient", "Mistral")
    | _sdks("mistralai.async_client", "mistral", "MistralAsyncClient")
    | _sdks("cohere", "cohere", "Client", "AsyncClient", "ClientV2", "AsyncClientV2")
    | _sdks("google.genai", "google", "Client")
    | _sdks("google.generativeai", "google", "GenerativeModel", "ChatSession")
    | _sdks("vertexai.generative_models", "google-vertex", "GenerativeModel")
    | _sdks("vertexai.preview.generative_models", "google-vertex", "GenerativeModel")
    | _sdks(
        "vertexai.language_models",
        "google-vertex",
        "TextGenerationModel",
        "ChatModel",
        "CodeChatModel",
        "TextEmbeddingModel",
    )
    | _sdks("replicate", "replicate", "Client")
    | _sdks("huggingface_hub", "huggingface", "InferenceClient", "AsyncInferenceClient")
    | _sdks("fireworks.client", "fireworks", "Fireworks", "AsyncFireworks")
    | _sdks("fireworks", "fireworks", "Fireworks", "LLM")
    | _sdks("cerebras.cloud.sdk", "cerebras", "Cerebras", "AsyncCerebras")
    | _sdks("ai21", "ai21", "AI21Client", "AsyncAI21Client")
    | _sdks("zhipuai", "zhipu", "ZhipuAI")
    | _sdks("zai", "zhipu", "ZaiClient", "ZhipuAiClient")
    | _sdks("xai_sdk", "xai", "Client", "AsyncClient")
    | _sdks("voyageai", "voyage", "Client", "AsyncClient")
    | _sdks("perplexity", "perplexity", "Perplexity", "AsyncPerplexity")
    | _sdks("ollama", "self", "Client", "AsyncClient")
    | _sdks("azure.ai.inference", "azure", "ChatCompletionsClient")
    | _sdks("sambanova", "sambanova", "SambaNova")
    | _sdks("ibm_watsonx_ai.foundation_models", "ibm-watsonx", "ModelInference", "Model")
)

# Functions that are calls by themselves. "model": the channel is read from the model's name (LiteLLM's prefixes).
FUNCTIONS: Final[dict[str, Sdk]] = (
    _sdks(
        "openai",
        "openai",
        "Completion.create",
        "Completion.acreate",
        "ChatCompletion.create",
        "ChatCompletion.acreate",
        "Embedding.create",
        "Embedding.acreate",
        "Edit.create",
        "FineTuningJob.create",
        "FineTune.create",
        "Moderation.create",
        "chat.completions.create",
        "completions.create",
        "embeddings.create",
        "responses.create",
        "fine_tuning.jobs.create",
        "batches.create",
        "images.generate",
    )
    | _sdks(
        "litellm",
        "model",
        "completion",
        "acompletion",
        "batch_completion",
        "text_completion",
        "embedding",
        "aembedding",
        "responses",
    )
    | _sdks("dspy", "model", "LM")
    | _sdks("replicate", "replicate", "run", "async_run", "stream", "trainings.create", "predictions.create")
    | _sdks("together", "together", "Complete.create", "Completion.create", "Finetune.create")
    | _sdks("google.generativeai", "google", "generate_text", "chat", "embed_content")
    | _sdks("dashscope", "alibaba-qwen", "Generation.call", "MultiModalConversation.call", "TextEmbedding.call")
    | _sdks("ollama", "self", "chat", "generate", "embed", "embeddings")
    | _sdks("dspy", "openai", "OpenAI")
)

# What is called on a client, by its last names. The value is a purpose where the method leaves no doubt.
METHODS: Final[dict[str, str]] = {
    "chat.completions.create": "",
    "chat.completions.parse": "",
    "chat.completions.stream": "",
    "completions.create": "",
    "responses.create": "",
    "responses.parse": "",
    "responses.stream": "",
    "messages.create": "",
    "messages.stream": "",
    "messages.batches.create": "",
    "batches.create": "",
    "embeddings.create": "embed",
    "models.embed_content": "embed",
    "images.generate": "",
    "fine_tuning.jobs.create": "student_base",
    "fine_tuning.create": "student_base",
    "trainings.create": "student_base",
    "evaluation.create": "evaluate",
    "chat.complete": "",
    "chat.stream": "",
    "fim.complete": "",
    "generate_content": "",
    "generate_content_async": "",
    "models.generate_content": "",
    "models.generate_content_stream": "",
    "send_message": "",
    "invoke_model": "",
    "invoke_model_with_response_stream": "",
    "converse": "",
    "converse_stream": "",
    "text_generation": "",
    "chat_completion": "",
    "feature_extraction": "embed",
    "predictions.create": "",
    "chat": "",
    "chat_stream": "",
    "chat_async": "",
    "generate": "",
    "embed": "embed",
    "rerank": "",
    "predict": "",
    "complete": "",
    "run": "",
    "count_tokens": "-",
}
# What clients of a package have, where the same name may stand for clients of several packages.
METHODS_OF: Final[dict[str, tuple[str, ...]]] = {
    "openai": (
        "chat.completions.",
        "completions.create",
        "responses.",
        "embeddings.",
        "images.",
        "fine_tuning.",
        "batches.",
    ),
    "groq": ("chat.completions.", "batches."),
    "anthropic": ("messages.", "completions.create", "count_tokens"),
    "cohere": ("chat", "chat_stream", "generate", "embed", "rerank"),
    "boto3": ("invoke_model", "invoke_model_with_response_stream", "converse", "converse_stream"),
    "replicate": ("run", "trainings.create", "predictions.create"),
}
SHORT_METHODS: Final = frozenset(name for name in METHODS if "." not in name)

# Frameworks whose classes stand for a served model: `ChatAnthropic(model=...)`, `MistralLLM(model=...)`.
_FRAMEWORKS = """
    langchain langchain_community langchain_core langchain_openai langchain_anthropic langchain_google_genai
    langchain_google_vertexai langchain_mistralai langchain_cohere langchain_groq langchain_together
    langchain_fireworks langchain_aws langchain_deepseek langchain_xai langchain_nvidia_ai_endpoints
    langchain_huggingface langchain_ollama langchain_perplexity distilabel llama_index haystack
    haystack_integrations pydantic_ai smolagents crewai autogen autogen_ext instructor ragas deepeval datadreamer
    guidance outlines agno phi semantic_kernel marvin mirascope bespokelabs
"""
FRAMEWORKS: Final = frozenset(_FRAMEWORKS.split())
VENDORS: Final[dict[str, str]] = {
    "openai": "openai",
    "openaichat": "openai",
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
    "azure_endpoint",
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
# Variables that the SDKs read by themselves: unset, the SDK's own host answers.
_SDK_HOST_VARIABLES = """
    OPENAI_BASE_URL OPENAI_API_BASE OPENAI_ENDPOINT OPENAI_API_URL ANTHROPIC_BASE_URL GROQ_BASE_URL
    TOGETHER_BASE_URL AWS_ENDPOINT_URL_BEDROCK_RUNTIME GOOGLE_GEMINI_BASE_URL AZURE_OPENAI_ENDPOINT MISTRAL_BASE_URL
    COHERE_BASE_URL
"""
SDK_HOST_VARIABLES: Final = frozenset(_SDK_HOST_VARIABLES.split())

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
