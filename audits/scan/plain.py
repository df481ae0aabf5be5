"""Uses in files that are no Python: JavaScript and TypeScript, R, shell, Dockerfiles. Read line by line, comments left out."""

import re
from dataclasses import dataclass

from audits.scan.directory import Directory
from audits.scan.modules import is_test_path
from audits.scan.tree import SourceFile

SCRIPTS = frozenset((".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx", ".r", ".rmd", ".sh", ".bash", ".slurm", ".sbatch"))
_HASH_COMMENTS = frozenset((".r", ".rmd", ".sh", ".bash", ".slurm", ".sbatch", ""))
_ADDRESS = re.compile(r"https?://[\w.{}$-]+(?::\d+)?(?:/[\w./{}$:?=&%-]*)?")
_CLIENT = re.compile(
    r"\bnew\s+(AzureOpenAI|OpenAI|Anthropic|Groq|Together|Mistral|CohereClientV2|CohereClient|GoogleGenAI|GoogleGenerativeAI|Replicate)\s*\("
)
_VERCEL = re.compile(
    r"""from\s+["']@ai-sdk/(openai|anthropic|google|mistral|cohere|groq|togetherai|fireworks|deepseek|xai|azure|amazon-bedrock)["']"""
)
_BASE_URL = re.compile(r"""base_?url\s*:\s*["'`]([^"'`]+)""", re.IGNORECASE)
_MODEL = re.compile(r"""(?:--model(?:[ =])|["']?model["']?\s*[:=]\s*)\s*\\?["'`]?([\w][\w./:@-]{2,100})""")
_COMMAND = re.compile(r"\bopenai\s+(?:api|tools)\s+((?:fine_tun|chat|completions|embeddings|responses)[\w.]*)")
_AZURE_HEADER = re.compile(r"""["'`]?api-key["'`]?\s*[=:]""")
_POST = re.compile(r"\bPOST\s*\(|\breq_perform\s*\(")
_CHANNELS = {
    "OpenAI": "openai",
    "AzureOpenAI": "azure",
    "Anthropic": "anthropic",
    "Groq": "groq",
    "Together": "together",
    "Mistral": "mistral",
    "CohereClient": "cohere",
    "CohereClientV2": "cohere",
    "GoogleGenAI": "google",
    "GoogleGenerativeAI": "google",
    "Replicate": "replicate",
    "togetherai": "together",
}
_NEAR = 12


@dataclass(frozen=True, slots=True)
class PlainSite:
    """A line that reaches a model, and what stands around it."""

    file: SourceFile
    lines: tuple[int, ...]
    sdk: str
    served_by: str
    host: str
    models: tuple[str, ...]
    purpose: str
    step: str


def is_plain(file: SourceFile) -> bool:
    name = file.path.rsplit("/", 1)[-1].lower()
    return file.extension in SCRIPTS or name.startswith(("dockerfile", "makefile"))


def plain_sites(file: SourceFile, directory: Directory) -> list[PlainSite]:
    """The uses that the lines of one file show."""
    if is_test_path(file.path):
        return []
    lines = [_without_comment(line, file.extension) for line in file.text.split("\n")[:50_000]]
    return [site for at, line in enumerate(lines) for site in _of_line(at, line, lines, file, directory)]


def _of_line(at: int, line: str, lines: list[str], file: SourceFile, directory: Directory) -> list[PlainSite]:
    near = "\n".join(lines[at : at + _NEAR])
    command = _COMMAND.search(line)
    if command:
        purpose = "student_base" if command[1].startswith("fine_tun") else ""
        return [_site(file, at, "openai command line", "openai", "", near, purpose, "OpenAI's command line is called")]
    client = _CLIENT.search(line) or _VERCEL.search(line)
    if client:
        return _of_client(client[1], at, near, file, directory)
    if file.extension in (".r", ".rmd") and _POST.search(line) and _AZURE_HEADER.search(near):
        step = "a request carries the header api-key, as Azure OpenAI wants it; its address is read from elsewhere"
        return [_site(file, at, "httr", "azure", "", near, "", step)]
    return _of_addresses(at, line, lines, file, directory)


def _of_client(name: str, at: int, near: str, file: SourceFile, directory: Directory) -> list[PlainSite]:
    served_by, host = _CHANNELS.get(name, name), ""
    pointed = _BASE_URL.search(near)
    if pointed:
        host, channel = directory.channel_of_url(pointed[1])
        served_by = channel or served_by
    return [_site(file, at, name, served_by, host, near, "", f"a client of {name} is made")]


def _of_addresses(at: int, line: str, lines: list[str], file: SourceFile, directory: Directory) -> list[PlainSite]:
    found = []
    for address in _ADDRESS.findall(line):
        host, channel = directory.channel_of_url(re.sub(r"\$\{?\w*\}?", "{}", address))
        path = address.partition("://")[2].partition("/")[2]
        if channel and channel != "self" and path and not path.rstrip("/").endswith("models"):
            near = "\n".join(lines[max(0, at - 3) : at + _NEAR])
            found.append(_site(file, at, "HTTP", channel, host, near, "", f"a request is sent to {host}"))
    return found


def _site(
    file: SourceFile, at: int, sdk: str, served_by: str, host: str, near: str, purpose: str, step: str
) -> PlainSite:
    models = tuple(dict.fromkeys(_MODEL.findall(near)))[:4]
    return PlainSite(file, (at + 1,), sdk, served_by, host, models, purpose, step)


def _without_comment(line: str, extension: str) -> str:
    stripped = line.lstrip()
    mark = "#" if extension in _HASH_COMMENTS else "//"
    return "" if stripped.startswith((mark, "*", "/*")) else line
