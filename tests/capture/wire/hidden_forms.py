"""Several answers in one call, other modalities, stored state, and servers that people run themselves."""

from tests.capture.wire.building import exchange
from tests.capture.wire.hidden_calls import (
    ANSWERED,
    FORM,
    GOOGLE,
    NONE,
    OPENAI,
    OWN,
    Row,
    asked,
    candidates,
    chat,
    contents,
    get,
    post,
)

EMBEDDER = "text-embedding-3-small"
DONE = {"usage": {"input_tokens": 5, "output_tokens": 7}}
ITEM = {"type": "message", "content": [{"type": "output_text", "text": "So."}]}
RUN = {"id": "run_1", "model": "gpt-4o"}
USED = {"usage": {"prompt_tokens": 5, "completion_tokens": 7}}
SAID = [
    {"role": "assistant", "content": [{"type": "text", "text": {"value": "So."}}]},
    {"role": "user", "content": [{"type": "text", "text": {"value": "Why?"}}]},
]
SGLANG_ANSWER = {"text": "So.", "meta_info": {"prompt_tokens": 5, "completion_tokens": 7}}
LLAMA_ANSWER = {"content": "So.", "tokens_evaluated": 5, "tokens_predicted": 7, "model": "q.gguf", "stop": True}
OLLAMA_ANSWER = {"model": "llama3.1", "message": {"content": "So."}, "prompt_eval_count": 5, "eval_count": 7}

FORMS = [
    Row(
        "several choices",
        "openai",
        [post("/v1/chat/completions", {**asked("Why?"), "n": 3}, chat("So.", choices=3))],
        [("chat", "gpt-4o", ANSWERED, "Why?", ["So.", "So.", "So."])],
    ),
    Row(
        "several prompts in one completion",
        "openai",
        [
            post(
                "/v1/completions",
                {"model": "davinci-002", "prompt": ["Why?", "How?"]},
                {"choices": [{"index": 0, "text": "Because."}, {"index": 1, "text": "So."}], **USED},
            )
        ],
        [("text_completion", "davinci-002", ANSWERED, "How?", ["Because.", "So."])],
    ),
    Row(
        "several candidates",
        "google",
        [post("/v1beta/models/gemini-2.5-flash:generateContent", contents("Why?"), candidates("So.", "Thus."), GOOGLE)],
        [("generate_content", "gemini-2.5-flash", ANSWERED, "Why?", ["So.", "Thus."])],
    ),
    Row(
        "embeddings",
        "openai",
        [post("/v1/embeddings", {"model": EMBEDDER, "input": ["a", "b"]}, {"data": [], "usage": {"prompt_tokens": 5}})],
        [("embeddings", EMBEDDER, (5, None), "b", [])],
    ),
    Row(
        "images",
        "openai",
        [post("/v1/images/generations", {"model": "gpt-image-1", "prompt": "a cat"}, {"data": [{"b64_json": "AA=="}]})],
        [("image_generation", "gpt-image-1", NONE, "a cat", [])],
    ),
    Row(
        "speech",
        "openai",
        [
            post(
                "/v1/audio/speech",
                {"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy"},
                b"\xff\xf3",
                response_headers=(("Content-Type", "audio/mpeg"),),
            )
        ],
        [("speech", "gpt-4o-mini-tts", NONE, "Hello", [])],
    ),
    Row(
        "transcription",
        "openai",
        [
            exchange(
                "/v1/audio/transcriptions",
                '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--B--\r\n',
                {"text": "Hello"},
                host=OPENAI,
                request_headers=FORM,
            )
        ],
        [("transcription", "whisper-1", NONE, None, ["Hello"])],
    ),
    Row(
        "moderation",
        "openai",
        [post("/v1/moderations", {"model": "omni-moderation-latest", "input": "x"}, {"id": "m", "results": []})],
        [("moderation", "omni-moderation-latest", NONE, "x", [])],
    ),
    Row(
        "responses with stored state, made in the background and polled for",
        "openai",
        [
            post(
                "/v1/responses",
                {"model": "gpt-5", "input": "Why?", "previous_response_id": "r0", "background": True},
                {"id": "r1", "model": "gpt-5", "status": "queued", "output": []},
            ),
            get("/v1/responses/r1", {"id": "r1", "model": "gpt-5", "status": "completed", "output": [ITEM], **DONE}),
            get("/v1/responses/r1/input_items", {"data": []}),
        ],
        [
            ("create_response", "gpt-5", NONE, "Why?", []),
            ("retrieve_response", "gpt-5", ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "assistants: a run, polled for",
        "openai",
        [
            post("/v1/assistants", {"model": "gpt-4o", "instructions": "Teach."}, {"id": "asst_1"}),
            post("/v1/threads", {}, {"id": "thread_1"}),
            post("/v1/threads/thread_1/messages", {"role": "user", "content": "Why?"}, {"id": "msg_1"}),
            post(
                "/v1/threads/thread_1/runs",
                {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "Why?"}]},
                {**RUN, "status": "queued", "usage": None},
            ),
            get("/v1/threads/thread_1/runs/run_1", {**RUN, "status": "completed", **USED}),
            get("/v1/threads/thread_1/messages", {"data": SAID}),
        ],
        [
            ("create_run", None, NONE, "Why?", []),
            ("retrieve_run", None, ANSWERED, "Why?", []),
            ("retrieve_messages", None, NONE, None, ["So."]),
        ],
    ),
    *[
        Row(
            f"an OpenAI-compatible server at {host}",
            served_by,
            [post("/v1/chat/completions", asked("Why?", "acme-7b"), chat("So.", "acme-7b"), host)],
            [("chat", "acme-7b", ANSWERED, "Why?", ["So."])],
        )
        for host, served_by in [
            ("llm.acme.example", ""),
            ("10.0.0.7", "self"),
            ("vllm.internal", "self"),
            (OWN, "self"),
        ]
    ],
    Row(
        "SGLang's and llama.cpp's own paths",
        "self",
        [
            post("/generate", {"text": "Why?", "sampling_params": {"max_new_tokens": 9}}, SGLANG_ANSWER, OWN),
            post("/completion", {"prompt": "Why?", "n_predict": 9}, LLAMA_ANSWER, OWN),
        ],
        [
            ("text_completion", None, ANSWERED, "Why?", ["So."]),
            ("text_completion", None, ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "Ollama's and TGI's own paths",
        "self",
        [
            post("/api/chat", {**asked("Why?", "llama3.1"), "stream": False}, OLLAMA_ANSWER, OWN),
            post("/generate", {"inputs": "Why?"}, {"generated_text": "So.", "details": {"generated_tokens": 7}}, OWN),
        ],
        [
            ("chat", "llama3.1", ANSWERED, "Why?", ["So."]),
            ("text_completion", None, (None, 7), "Why?", ["So."]),
        ],
    ),
]
