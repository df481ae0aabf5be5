"""Addresses, model names and variables in configuration files, read line by line: no parser that a hostile file could stall."""

import re
from dataclasses import dataclass

from audits.scan.tree import SourceFile

_SETTING = re.compile(
    r"""^\s*(?:-\s+)?(?:export\s+|ENV\s+)?["']?([A-Za-z_][\w.-]{0,80})["']?\s*(?:[:=]|\s(?=http))\s*["']?([^"'#\n]{1,300})"""
)
_HOST_KEY = re.compile(
    r"(?:base_?url|api_?base|api_?url|endpoint|server_?url|base_?uri|_host|_url)$|^(?:host|url)$", re.IGNORECASE
)
_CLIENT_KEY = re.compile(
    r"base_?ur[li]$|api_?base$|(?:llm|model|vllm|ollama|openai|teacher|judge|inference).*(?:url|endpoint|host)$",
    re.IGNORECASE,
)
_MODEL_KEY = re.compile(
    r"(?:^|[_.-])(?:model|model_?name|model_?id|engine|llm|teacher|judge|generator)(?:_?(?:name|id|type))?$",
    re.IGNORECASE,
)
_BASE_KEY = re.compile(
    r"^(?:base_?model(?:_name)?|model_name_or_path|student(?:_model)?|pretrained_model_name_or_path|base_model_id)$",
    re.IGNORECASE,
)
_TRAINING = re.compile(
    r"learning_rate|num_train_epochs|num_epochs|lora_r\b|gradient_accumulation|micro_batch_size|per_device_train",
    re.IGNORECASE,
)
_MODEL_NAME = re.compile(r"^[\w][\w./:@{}-]{1,150}$")
EXTENSIONS = frozenset((".yaml", ".yml", ".json", ".jsonc", ".json5", ".jsonnet", ".toml", ".cfg", ".ini", ".env"))
MOST_LINES = 50_000
LARGEST_JSON = 128 * 1024  # bytes; what is larger holds data: rows name models and addresses that nobody asks


@dataclass(frozen=True, slots=True)
class Setting:
    """One key with its value, and where it stands."""

    file: str
    line: int
    key: str
    value: str
    snippet: str


@dataclass(slots=True)
class Settings:
    """What the configuration files of a tree say."""

    addresses: list[Setting]
    models: list[Setting]
    students: list[Setting]
    others: dict[str, set[str]]


def is_config(file: SourceFile) -> bool:
    if file.extension == ".json" and len(file.text) > LARGEST_JSON:
        return False
    return file.extension in EXTENSIONS or file.path.rsplit("/", 1)[-1].lower().startswith(".env")


def read_settings(files: list[SourceFile]) -> Settings:
    """The settings of all configuration files that bear on models."""
    found = Settings([], [], [], {})
    for file in files:
        trains = bool(_TRAINING.search(file.text))
        for number, line in enumerate(file.text.split("\n")[:MOST_LINES], start=1):
            setting = _setting(file.path, number, line)
            if setting is not None:
                _sort(setting, trains, found)
    return found


def _setting(path: str, number: int, line: str) -> Setting | None:
    if line.lstrip().startswith(("#", "//", ";")):
        return None
    match = _SETTING.match(line)
    if match is None:
        return None
    return Setting(path, number, match[1], match[2].strip().rstrip(",").strip(), line.strip()[:200])


def _sort(setting: Setting, trains: bool, found: Settings) -> None:
    last = re.split(r"[_.-]", setting.key)[-1].lower()
    found.others.setdefault(last, set()).add(setting.value)
    if setting.value.startswith(("http://", "https://")):
        if _HOST_KEY.search(setting.key):
            found.addresses.append(setting)
    elif is_model_name(setting.value):
        if trains and (_BASE_KEY.match(setting.key) or (setting.key == "model" and "/" in setting.value)):
            found.students.append(setting)
        elif _MODEL_KEY.search(setting.key):
            found.models.append(setting)


def names_a_client(setting: Setting) -> bool:
    """Whether an address is plainly that of a model's server: on one's own machine many other things answer as well."""
    return bool(_CLIENT_KEY.search(setting.key))


def is_model_name(text: str) -> bool:
    """Whether a text could be the name of a model: one word with a letter in it, no address, no file."""
    if (
        not _MODEL_NAME.match(text)
        or "://" in text
        or text.lower() in ("true", "false", "null", "none", "default", "auto", "model")
    ):
        return False
    return any(c.isalpha() for c in text) and not text.endswith(
        (".json", ".jsonl", ".py", ".yaml", ".yml", ".txt", ".csv", ".parquet")
    )
