"""What the scan knows about SDKs, as data: client classes, functions and methods. Hosts and developers come from the rulebook."""

import textwrap
from typing import Final, NamedTuple


class Sdk(NamedTuple):
    """A client class: whom it calls unless pointed elsewhere, and the package it belongs to."""

    served_by: str
    package: str


def _sdks(table: str) -> dict[str, Sdk]:
    """A table of SDKs: module, who answers ("-": nobody by itself) and names in it; indented further, a row goes on."""
    found: dict[str, Sdk] = {}
    for row in textwrap.dedent(table).strip("\n").replace("\n    ", " ").split("\n"):
        module, served_by, *names = row.split() or ("", "")
        sdk = Sdk("" if served_by == "-" else served_by, module.partition(".")[0])
        found |= {f"{module}.{name}": sdk for name in names}
    return found


CLIENTS: Final = _sdks(
    """
    openai openai OpenAI AsyncOpenAI Client AsyncClient
    openai azure AzureOpenAI AsyncAzureOpenAI
    openai.lib.azure azure AzureOpenAI AsyncAzureOpenAI
    anthropic anthropic Anthropic AsyncAnthropic Client AsyncClient
    anthropic amazon-bedrock AnthropicBedrock AsyncAnthropicBedrock
    anthropic google-vertex AnthropicVertex AsyncAnthropicVertex
    groq groq Groq AsyncGroq Client
    together together Together AsyncTogether Client
    mistralai mistral Mistral
    mistralai.client mistral MistralClient Mistral
    mistralai.async_client mistral MistralAsyncClient
    cohere cohere Client AsyncClient ClientV2 AsyncClientV2
    google.genai google Client
    google.generativeai google GenerativeModel ChatSession
    vertexai.generative_models google-vertex GenerativeModel
    vertexai.preview.generative_models google-vertex GenerativeModel
    vertexai.language_models google-vertex TextGenerationModel ChatModel CodeChatModel TextEmbeddingModel
    replicate replicate Client
    huggingface_hub huggingface InferenceClient AsyncInferenceClient
    fireworks.client fireworks Fireworks AsyncFireworks
    fireworks fireworks Fireworks LLM
    cerebras.cloud.sdk cerebras Cerebras AsyncCerebras
    ai21 ai21 AI21Client AsyncAI21Client
    zhipuai zhipu ZhipuAI
    zai zhipu ZaiClient ZhipuAiClient
    xai_sdk xai Client AsyncClient
    voyageai voyage Client AsyncClient
    perplexity perplexity Perplexity AsyncPerplexity
    ollama self Client AsyncClient
    azure.ai.inference azure ChatCompletionsClient
    sambanova sambanova SambaNova
    ibm_watsonx_ai.foundation_models ibm-watsonx ModelInference Model Embeddings
    langfuse.openai openai OpenAI AsyncOpenAI
    langfuse.openai azure AzureOpenAI AsyncAzureOpenAI
    posthog.ai.openai openai OpenAI AsyncOpenAI
    aisuite model Client
    portkey_ai - Portkey AsyncPortkey
    openrouter openrouter OpenRouter
    databricks_openai databricks DatabricksOpenAI
    reka reka Reka
    aleph_alpha_client aleph-alpha Client AsyncClient
    volcenginesdkarkruntime volcengine Ark AsyncArk
    writerai writer Writer AsyncWriter
    litellm model Router
    """
)

# Functions that are calls by themselves. "model": the channel is read from the model's name (LiteLLM's prefixes).
FUNCTIONS: Final = _sdks(
    """
    openai openai Completion.create Completion.acreate ChatCompletion.create ChatCompletion.acreate Embedding.create
        Embedding.acreate Edit.create FineTuningJob.create FineTune.create Moderation.create chat.completions.create
        completions.create embeddings.create responses.create fine_tuning.jobs.create batches.create images.generate
    litellm model completion acompletion batch_completion text_completion embedding aembedding responses
    dspy model LM
    crewai model LLM
    crewai.llm model LLM
    bespokelabs.curator model LLM SimpleLLM Prompter
    instructor model from_provider
    langchain.chat_models model init_chat_model
    langchain.chat_models.base model init_chat_model
    langchain model init_chat_model
    langchain.embeddings model init_embeddings
    any_llm model completion acompletion
    inspect_ai.model model get_model
    llm model get_model get_async_model
    ell model simple complex
    mirascope.llm model call
    mirascope.core.openai openai call openai_call
    mirascope.core.anthropic anthropic call anthropic_call
    mirascope.core.google google call
    mirascope.core.groq groq call
    mirascope.core.mistral mistral call
    mirascope.core.cohere cohere call
    mirascope.core.bedrock amazon-bedrock call
    outlines.models openai openai
    outlines.models azure azure_openai
    outlines.models anthropic anthropic
    outlines.models google gemini
    langroid.language_models openai OpenAIGPTConfig
    fireworks.client fireworks ChatCompletion.create Completion.create ChatCompletion.acreate
    sglang openai OpenAI
    sglang anthropic Anthropic
    sglang google-vertex VertexAI
    cohere cohere chat generate
    replicate replicate run async_run stream trainings.create predictions.create
    together together Complete.create Completion.create Finetune.create
    google.generativeai google generate_text chat embed_content
    dashscope alibaba-qwen Generation.call MultiModalConversation.call TextEmbedding.call
    ollama self chat generate embed embeddings
    dspy openai OpenAI
    """
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
    "chats.create": "",
    "chat.complete_async": "",
    "chat.stream_async": "",
    "chat.parse": "",
    "chat.completions.with_raw_response.create": "",
    "fim.complete_async": "",
    "embeddings.create_async": "embed",
    "agents.complete": "",
    "threads.runs.create": "",
    "threads.runs.create_and_poll": "",
    "audio.speech.create": "",
    "audio.transcriptions.create": "",
    "moderations.create": "filter",
    "images.edit": "",
    "models.generate_images": "",
    "models.generate_content_async": "",
    "predict_streaming": "",
    "generate_text": "",
    "generate_text_stream": "",
    "query_model": "",
    "query_reward_model": "judge",
    "create": "",
    "create_with_completion": "",
    "create_partial": "",
    "create_iterable": "",
    "completion": "",
    "acompletion": "",
    "sample": "",
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
        "threads.",
        "audio.",
        "moderations.",
    ),
    "aisuite": ("chat.completions.",),
    "mistralai": ("chat", "chat.", "fim.", "embeddings.", "agents."),
    "google": ("models.", "chats.", "generate_content", "generate_content_async", "send_message", "batches.create"),
    "groq": ("chat.completions.", "batches."),
    "anthropic": ("messages.", "completions.create", "count_tokens"),
    "cohere": ("chat", "chat_stream", "generate", "embed", "rerank"),
    "boto3": ("invoke_model", "invoke_model_with_response_stream", "converse", "converse_stream"),
    "replicate": ("run", "trainings.create", "predictions.create"),
}
# Whom clients of a package ask when nothing more is known of them.
UNTOLD: Final[dict[str, str]] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "groq": "groq",
    "mistralai": "mistral",
    "google": "google",
    "cohere": "cohere",
}
SHORT_METHODS: Final = frozenset(name for name in METHODS if "." not in name)

# What a client has only after somebody else's wrapper was put around it (instructor, NeMo Curator).
WRAPPED_METHODS: Final = frozenset(
    ("create", "create_with_completion", "create_partial", "create_iterable", "query_model", "query_reward_model")
)
# Variables that the SDKs read by themselves: unset, the SDK's own host answers.
HOST_VARIABLES_OF: Final[dict[str, tuple[str, ...]]] = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_BASE_URL",),
    "groq": ("GROQ_BASE_URL",),
    "together": ("TOGETHER_BASE_URL",),
    "google": ("GOOGLE_GEMINI_BASE_URL",),
    "boto3": ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"),
    "langchain_openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "langchain": ("OPENAI_API_BASE",),
    "litellm": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "dspy": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
}
# Evaluations that ask a model of somebody's unless they are given another: (channel, the keywords that give another).
ASKING_BY_DEFAULT: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "ragas.evaluate": ("openai", ("llm",)),
    "ragas.evaluation.evaluate": ("openai", ("llm",)),
    "ragas.testset.TestsetGenerator.with_openai": ("openai", ()),
    "ragas.testset.generator.TestsetGenerator.with_openai": ("openai", ()),
    "deepeval.metrics.GEval": ("openai", ("model",)),
    "deepeval.metrics.AnswerRelevancyMetric": ("openai", ("model",)),
    "deepeval.metrics.FaithfulnessMetric": ("openai", ("model",)),
    "deepeval.metrics.HallucinationMetric": ("openai", ("model",)),
    "deepeval.synthesizer.Synthesizer": ("openai", ("model",)),
    "autoevals.Factuality": ("openai", ("model", "client")),
    "autoevals.ClosedQA": ("openai", ("model", "client")),
    "magentic.prompt": ("openai", ("model",)),
    "langchain.evaluation.load_evaluator": ("openai", ("llm",)),
}
# Modules that stand in for an SDK's own and only watch.
SAME_AS: Final = {"langfuse.openai.openai": "openai", "posthog.ai.openai.openai": "openai", "ddtrace.openai": "openai"}
