"""What the scan knows about SDKs and frameworks of JavaScript, as data."""

from typing import Final

# JavaScript: what `new X(...)` of a package makes, and who answers it.
JS_CLIENTS: Final[dict[str, dict[str, str]]] = {
    "openai": {"default": "openai", "OpenAI": "openai", "OpenAIApi": "openai", "AzureOpenAI": "azure"},
    "@azure/openai": {"OpenAIClient": "azure", "AzureOpenAI": "azure"},
    "@anthropic-ai/sdk": {"default": "anthropic", "Anthropic": "anthropic"},
    "@anthropic-ai/bedrock-sdk": {"default": "amazon-bedrock", "AnthropicBedrock": "amazon-bedrock"},
    "@anthropic-ai/vertex-sdk": {"default": "google-vertex", "AnthropicVertex": "google-vertex"},
    "groq-sdk": {"default": "groq", "Groq": "groq"},
    "together-ai": {"default": "together", "Together": "together"},
    "@mistralai/mistralai": {"default": "mistral", "Mistral": "mistral", "MistralClient": "mistral"},
    "cohere-ai": {"default": "cohere", "CohereClient": "cohere", "CohereClientV2": "cohere"},
    "@google/genai": {"GoogleGenAI": "google"},
    "@google/generative-ai": {"GoogleGenerativeAI": "google"},
    "@google-cloud/vertexai": {"VertexAI": "google-vertex"},
    "replicate": {"default": "replicate"},
    "@huggingface/inference": {"HfInference": "huggingface", "InferenceClient": "huggingface"},
    "ollama": {"default": "self", "Ollama": "self"},
    "@cerebras/cerebras_cloud_sdk": {"default": "cerebras"},
    "@openrouter/sdk": {"OpenRouter": "openrouter"},
    "openai-edge": {"OpenAIApi": "openai"},
    "chatgpt": {"ChatGPTAPI": "openai"},
    "@openai/agents": {"Agent": "openai"},
    "voyageai": {"VoyageAIClient": "voyage"},
    "ai21": {"AI21": "ai21"},
    "@fireworks-ai/sdk": {"default": "fireworks"},
    "portkey-ai": {"default": "", "Portkey": ""},
}
JS_COMMANDS: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "@aws-sdk/client-bedrock-runtime": (
        "amazon-bedrock",
        frozenset(
            ("InvokeModelCommand", "InvokeModelWithResponseStreamCommand", "ConverseCommand", "ConverseStreamCommand")
        ),
    )
}
JS_PROVIDERS: Final[dict[str, str]] = {
    "@ai-sdk/openai": "openai",
    "@ai-sdk/azure": "azure",
    "@ai-sdk/anthropic": "anthropic",
    "@ai-sdk/google": "google",
    "@ai-sdk/google-vertex": "google-vertex",
    "@ai-sdk/amazon-bedrock": "amazon-bedrock",
    "@ai-sdk/mistral": "mistral",
    "@ai-sdk/cohere": "cohere",
    "@ai-sdk/groq": "groq",
    "@ai-sdk/togetherai": "together",
    "@ai-sdk/fireworks": "fireworks",
    "@ai-sdk/deepseek": "deepseek",
    "@ai-sdk/deepinfra": "deepinfra",
    "@ai-sdk/cerebras": "cerebras",
    "@ai-sdk/xai": "xai",
    "@ai-sdk/perplexity": "perplexity",
    "@ai-sdk/replicate": "replicate",
    "@openrouter/ai-sdk-provider": "openrouter",
    "@ai-sdk/gateway": "",
    "@ai-sdk/openai-compatible": "",
    "@ai-sdk/huggingface": "huggingface",
    "@ai-sdk/moonshotai": "moonshot",
    "@llamaindex/openai": "openai",
    "@llamaindex/anthropic": "anthropic",
    "@llamaindex/google": "google",
    "@llamaindex/mistral": "mistral",
    "@llamaindex/groq": "groq",
    "@genkit-ai/googleai": "google",
    "@genkit-ai/google-genai": "google",
    "@genkit-ai/vertexai": "google-vertex",
    "genkitx-openai": "openai",
    "genkitx-anthropic": "anthropic",
    "zhipu-ai-provider": "zhipu",
    "qwen-ai-provider": "alibaba-qwen",
    "minimax-provider": "minimax",
    "workers-ai-provider": "cloudflare",
    "ollama-ai-provider": "self",
    "ollama-ai-provider-v2": "self",
}
_JS_METHODS = """
    chat.completions.create chat.completions.parse chat.completions.stream completions.create responses.create
    responses.parse messages.create messages.stream messages.batches.create batches.create embeddings.create
    images.generate fineTuning.jobs.create chat.complete chat.stream models.generateContent
    models.generateContentStream generateContent generateContentStream sendMessage sendMessageStream getGenerativeModel
    chats.create embedContent batchEmbedContents models.embedContent images.edit audio.speech.create
    audio.transcriptions.create moderations.create beta.chat.completions.parse beta.messages.create
    beta.threads.runs.create featureExtraction
    createChatCompletion createCompletion createEmbedding chatCompletion textGeneration run chat chatStream embed
    generate rerank getChatCompletions
"""
JS_METHODS: Final = frozenset(_JS_METHODS.split())

# Functions that ask a model they are given: Vercel's AI SDK.
JS_ASKS: Final[dict[str, frozenset[str]]] = {
    "ai": frozenset(
        (
            *("generateText", "streamText", "generateObject", "streamObject", "embed", "embedMany"),
            *("experimental_generateImage", "generateImage", "rerank"),
        )
    )
}
# Methods that only clients of a package have: called on something unknown, they still tell whose client it is.
JS_METHODS_OF: Final[dict[str, frozenset[str]]] = {
    "openai": frozenset(
        (
            *("chat.completions.create", "chat.completions.parse", "chat.completions.stream", "completions.create"),
            *("responses.create", "responses.parse", "embeddings.create", "images.generate", "fineTuning.jobs.create"),
        )
    ),
    "@anthropic-ai/sdk": frozenset(("messages.create", "messages.stream", "messages.batches.create")),
    "groq-sdk": frozenset(("chat.completions.create",)),
    "together-ai": frozenset(("chat.completions.create",)),
    "@google/genai": frozenset(("models.generateContent", "models.generateContentStream")),
    "@mistralai/mistralai": frozenset(("chat.complete", "chat.stream")),
}
