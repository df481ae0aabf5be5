"""Batches and training jobs of each provider."""

from tests.capture.wire.building import exchange
from tests.capture.wire.hidden_calls import (
    ANSWERED,
    ANTHROPIC,
    BEDROCK,
    GOOGLE,
    MISTRAL,
    NONE,
    OPENAI,
    S3,
    TOGETHER,
    VERTEX,
    Row,
    answered,
    asked,
    candidates,
    claude,
    contents,
    get,
    lines,
    post,
    upload,
)

TITAN = "amazon.titan-text-lite-v1"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
JOB = "/v1beta/models/gemini-2.5-flash:batchGenerateContent"
TWO = lines(
    {"custom_id": "1", "url": "/v1/chat/completions", "body": asked("Why?")},
    {"custom_id": "2", "url": "/v1/chat/completions", "body": asked("How?")},
)
STATE = {"id": "batch_1", "input_file_id": "file-in"}

BATCHES = [
    Row(
        "OpenAI batch",
        "openai",
        [
            upload(TWO, "batch", "file-in"),
            post("/v1/batches", {"input_file_id": "file-in", "endpoint": "/v1/chat/completions"}, STATE),
            get("/v1/batches/batch_1", {**STATE, "status": "in_progress"}),
            get("/v1/batches/batch_1", {**STATE, "output_file_id": "file-out"}),
            get("/v1/files/file-out/content", answered("2", "So.") + answered("1", "Because.")),
        ],
        [
            ("file_upload", "gpt-4o", NONE, "How?", []),
            ("batch", None, NONE, None, []),
            ("chat", "gpt-4o", ANSWERED, "How?", ["So."]),
            ("chat", "gpt-4o", ANSWERED, "Why?", ["Because."]),
        ],
    ),
    Row(
        "Mistral batch",
        "mistral",
        [
            upload(lines({"custom_id": "a", "body": asked("Why?", None)}), "batch", "f1", MISTRAL),
            post("/v1/batch/jobs", {"input_files": ["f1"], "model": "mistral-large-latest"}, {"id": "j1"}, MISTRAL),
            get("/v1/batch/jobs/j1", {"id": "j1", "input_files": ["f1"], "output_file": "f2"}, MISTRAL),
            get("/v1/files/f2/content", answered("a", "So."), MISTRAL),
        ],
        [
            ("file_upload", None, NONE, "Why?", []),
            ("batch", "mistral-large-latest", NONE, None, []),
            ("chat", "mistral-large-latest", ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "Anthropic message batches",
        "anthropic",
        [
            post(
                "/v1/messages/batches",
                {"requests": [{"custom_id": "a", "params": asked("Why?", "claude-sonnet-4-5")}]},
                {"id": "msgbatch_1"},
                ANTHROPIC,
            ),
            get("/v1/messages/batches/msgbatch_1", {"id": "msgbatch_1", "processing_status": "ended"}, ANTHROPIC),
            get(
                "/v1/messages/batches/msgbatch_1/results",
                lines({"custom_id": "a", "result": {"type": "succeeded", "message": claude("So.")}}),
                ANTHROPIC,
            ),
        ],
        [
            ("batch", "claude-sonnet-4-5", NONE, "Why?", []),
            ("chat", "claude-sonnet-4-5", ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "Gemini batch, questions and answers in the job",
        "google",
        [
            post(
                JOB,
                {
                    "batch": {
                        "input_config": {
                            "requests": {"requests": [{"request": contents("Why?"), "metadata": {"key": "k"}}]}
                        }
                    }
                },
                {"name": "batches/b1"},
                GOOGLE,
            ),
            get("/v1beta/batches/b1", {"name": "batches/b1", "metadata": {"state": "BATCH_STATE_RUNNING"}}, GOOGLE),
            get(
                "/v1beta/batches/b1",
                {
                    "name": "batches/b1",
                    "response": {
                        "inlinedResponses": {
                            "inlinedResponses": [{"response": candidates("So."), "metadata": {"key": "k"}}]
                        }
                    },
                },
                GOOGLE,
            ),
        ],
        [
            ("batch", "gemini-2.5-flash", NONE, "Why?", []),
            ("generate_content", None, ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "Gemini batch, by files",
        "google",
        [
            post(
                "/upload/v1beta/files?upload_id=1",
                lines({"key": "k", "request": contents("Why?")}),
                {"file": {"name": "files/in"}},
                GOOGLE,
            ),
            post(JOB, {"batch": {"input_config": {"file_name": "files/in"}}}, {"name": "batches/b2"}, GOOGLE),
            get("/v1beta/batches/b2", {"name": "batches/b2", "response": {"responsesFile": "files/out"}}, GOOGLE),
            get(
                "/download/v1beta/files/out:download?alt=media",
                lines({"key": "k", "response": candidates("So.")}),
                GOOGLE,
            ),
        ],
        [
            ("file_upload", None, NONE, "Why?", []),
            ("batch", "gemini-2.5-flash", NONE, None, []),
            ("generate_content", None, ANSWERED, "Why?", ["So."]),
        ],
    ),
    Row(
        "Bedrock batch, through S3",
        "amazon-bedrock",
        [
            exchange(
                "/in/q.jsonl", lines({"recordId": "r1", "modelInput": asked("Why?", None)}), b"", host=S3, method="PUT"
            ),
            post(
                "/model-invocation-job",
                {"modelId": HAIKU, "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://acme/in/q.jsonl"}}},
                {"jobArn": "arn:aws:bedrock:us-east-1:1:model-invocation-job/j"},
                BEDROCK,
            ),
            get(
                "/out/q.jsonl.out",
                lines({"recordId": "r1", "modelInput": asked("Why?", None), "modelOutput": claude("So.")}),
                S3,
            ),
        ],
        [
            ("file_upload", None, NONE, "Why?", []),
            ("batch", HAIKU, NONE, None, []),
            ("chat", None, ANSWERED, "Why?", ["So."]),
        ],
    ),
]

TRAINING = [
    Row(
        "OpenAI fine-tuning",
        "openai",
        [
            upload(lines(asked("Why?", None)), "fine-tune", "file-t", OPENAI, "train.jsonl"),
            post("/v1/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": "file-t"}, {"id": "ftjob-1"}),
            get("/v1/fine_tuning/jobs/ftjob-1", {"id": "ftjob-1", "status": "succeeded"}),
        ],
        [
            ("file_upload", None, NONE, "Why?", []),
            ("fine_tune", "gpt-4o-mini", NONE, "training file file-t: train.jsonl, 1 lines", []),
        ],
    ),
    Row(
        "Mistral fine-tuning",
        "mistral",
        [
            upload(lines(asked("Why?", None)), "fine-tune", "m-t", MISTRAL, "train.jsonl"),
            post(
                "/v1/fine_tuning/jobs",
                {"model": "open-mistral-7b", "training_files": [{"file_id": "m-t"}]},
                {"id": "f"},
                MISTRAL,
            ),
        ],
        [
            ("file_upload", None, NONE, "Why?", []),
            ("fine_tune", "open-mistral-7b", NONE, "training file m-t: train.jsonl, 1 lines", []),
        ],
    ),
    Row(
        "Together fine-tuning",
        "together",
        [
            post(
                "/v1/fine-tunes",
                {"model": "meta-llama/Llama-3.1-8B", "training_file": "file-9"},
                {"id": "ft-1"},
                TOGETHER,
            )
        ],
        [("fine_tune", "meta-llama/Llama-3.1-8B", NONE, None, [])],
    ),
    Row(
        "Gemini tuning, with its examples",
        "google",
        [
            post(
                "/v1beta/tunedModels",
                {
                    "baseModel": "models/gemini-1.5-flash-001-tuning",
                    "tuningTask": {"trainingData": {"examples": {"examples": [{"textInput": "1", "output": "2"}]}}},
                },
                {"name": "tunedModels/x/operations/1"},
                GOOGLE,
            )
        ],
        [("fine_tune", "gemini-1.5-flash-001-tuning", NONE, "1\n2", [])],
    ),
    Row(
        "Vertex tuning",
        "google-vertex",
        [
            post(
                "/v1/projects/p/locations/l/tuningJobs",
                {"baseModel": "gemini-2.0-flash-001", "supervisedTuningSpec": {"trainingDatasetUri": "gs://b/t.jsonl"}},
                {"name": "projects/p/locations/l/tuningJobs/1"},
                VERTEX,
            )
        ],
        [("fine_tune", "gemini-2.0-flash-001", NONE, None, [])],
    ),
    Row(
        "Bedrock model customisation",
        "amazon-bedrock",
        [
            post(
                "/model-customization-jobs",
                {"baseModelIdentifier": TITAN, "trainingDataConfig": {"s3Uri": "s3://b/t.jsonl"}},
                {"jobArn": "arn:aws:bedrock:us-east-1:1:model-customization-job/j"},
                BEDROCK,
            )
        ],
        [("fine_tune", TITAN, NONE, None, [])],
    ),
]
