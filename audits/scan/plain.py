"""Uses in R, shell scripts, Slurm jobs, Dockerfiles and Makefiles. Read line by line, comments and prose left out."""

import re
from dataclasses import dataclass

from audits.scan.directory import Directory
from audits.scan.modules import is_test_path
from audits.scan.tree import SourceFile

SCRIPTS = frozenset((".r", ".rmd", ".qmd", ".sh", ".bash", ".slurm", ".sbatch"))
_ADDRESS = re.compile(r"https?://[\w.{}$-]+(?::\d+)?(?:/[\w./{}$:?=&%-]*)?")
_ELLMER = re.compile(r"\b(?:ellmer::)?chat_([a-z_]+)\s*\(")
_R_OPENAI = re.compile(
    r"\b(?:openai::)?(create_chat_completion|create_completion|create_embedding|create_fine_tune|create_image)\s*\("
)
_MODEL = re.compile(r"""(?:--model(?:[ =])|["']?model["']?\s*[:=]\s*)\s*\\?["'`]?([\w][\w./:@-]{2,100})""")
_COMMAND = re.compile(r"\bopenai\s+(?:api|tools)\s+((?:fine_tun|chat|completions|embeddings|responses)[\w.]*)")
_AZURE_HEADER = re.compile(r"""["'`]?api-key["'`]?\s*[=:]""")
_POST = re.compile(r"\bPOST\s*\(|\breq_perform\s*\(")
_ELLMER_CHANNELS = {
    "openai": "openai",
    "azure_openai": "azure",
    "anthropic": "anthropic",
    "claude": "anthropic",
    "google_gemini": "google",
    "google_vertex": "google-vertex",
    "gemini": "google",
    "aws_bedrock": "amazon-bedrock",
    "bedrock": "amazon-bedrock",
    "groq": "groq",
    "deepseek": "deepseek",
    "mistral": "mistral",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "huggingface": "huggingface",
    "databricks": "databricks",
    "github": "github",
    "ollama": "self",
    "vllm": "self",
}
_R = frozenset((".r", ".rmd", ".qmd"))
_WITH_PROSE = frozenset((".rmd", ".qmd"))
_NEAR = 12


@dataclass(frozen=True, slots=True)
class PlainSite:
    """A line that reaches a model, and what stands around it.

    `open`: why it cannot be told who answers. `names`: of the functions around it, innermost first.
    """

    file: SourceFile
    lines: tuple[int, ...]
    sdk: str
    served_by: str
    host: str
    models: tuple[str, ...]
    purpose: str
    step: str
    open: str = ""
    names: tuple[str, ...] = ()


def is_plain(file: SourceFile) -> bool:
    name = file.path.rsplit("/", 1)[-1].lower()
    return file.extension in SCRIPTS or name.startswith(("dockerfile", "makefile"))


def plain_sites(file: SourceFile, directory: Directory) -> list[PlainSite]:
    """The uses that the lines of one file show."""
    if is_test_path(file.path):
        return []
    lines = [_without_comment(line) for line in file.text.split("\n")[:50_000]]
    if file.extension in _WITH_PROSE:
        lines = _chunks_only(lines)
    return [site for at, line in enumerate(lines) for site in _of_line(at, line, lines, file, directory)]


def _of_line(at: int, line: str, lines: list[str], file: SourceFile, directory: Directory) -> list[PlainSite]:
    near = "\n".join(lines[at : at + _NEAR])
    command = _COMMAND.search(line)
    if command:
        purpose = "student_base" if command[1].startswith("fine_tun") else ""
        return [_site(file, at, "openai command line", "openai", "", near, purpose, "OpenAI's command line is called")]
    if file.extension in _R:
        return _of_r(at, line, near, file) or _of_addresses(at, line, lines, file, directory)
    return _of_addresses(at, line, lines, file, directory)


def _of_r(at: int, line: str, near: str, file: SourceFile) -> list[PlainSite]:
    asked = _ELLMER.search(line)
    if asked and asked[1] in _ELLMER_CHANNELS:
        channel = _ELLMER_CHANNELS[asked[1]]
        near = near.split("\n\n")[0]
        return [_site(file, at, "ellmer", channel, "", near, "", f"ellmer's chat_{asked[1]} asks {channel}")]
    called = _R_OPENAI.search(line)
    if called and ("openai::" in line or re.search(r"library\(openai\)", file.text)):
        purpose = "student_base" if "fine" in called[1] else "embed" if "embed" in called[1] else ""
        return [_site(file, at, "openai (R)", "openai", "", near, purpose, f"{called[1]} asks OpenAI")]
    if _POST.search(line) and _AZURE_HEADER.search(near):
        step = "a request carries the header api-key, as Azure OpenAI wants it; its address is read from elsewhere"
        return [_site(file, at, "httr", "azure", "", near, "", step)]
    return []


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


def _without_comment(line: str) -> str:
    return "" if line.lstrip().startswith("#") else line


def _chunks_only(lines: list[str]) -> list[str]:
    """The code of a document with prose around it: what stands in fenced blocks."""
    kept: list[str] = []
    inside = False
    for line in lines:
        fence = line.lstrip().startswith("```")
        inside = inside != fence
        kept.append(line if inside and not fence else "")
    return kept
