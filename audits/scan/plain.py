"""Uses in R, shell scripts, Slurm jobs, Dockerfiles and Makefiles. Read line by line, comments and prose left out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from audits.scan.directory import Directory
from audits.scan.modules import is_test_path
from audits.scan.tree import SourceFile

SCRIPTS = frozenset((".r", ".rmd", ".qmd", ".sh", ".bash", ".slurm", ".sbatch"))
_ADDRESS = re.compile(r"https?://[\w.{}$-]+(?::\d+)?(?:/[\w./{}$:?=&%-]*)?")
_ELLMER = re.compile(r"\b(?:ellmer::)?chat_([a-z_]+)\s*\(")
_R_OPENAI = re.compile(
    r"\b(?:openai::)?(create_chat_completion|create_completion|create_embedding|create_fine_tune|create_image)\s*\("
)
_MODEL = re.compile(r"""(?:--model(?:[ =])|["']?model["']?[ \t]{0,20}[:=])[ \t]{0,20}\\?["'`]?([\w][\w./:@-]{2,100})""")
_COMMAND = re.compile(r"\bopenai\s+(?:api|tools)\s+((?:fine_tun|chat|completions|embeddings|responses)[\w.]*)")
_AZURE_HEADER = re.compile(r"""["'`]?api-key["'`]?\s*[=:]""")
_POST = re.compile(r"\bPOST\s*\(|\breq_perform\s*\(")
_AZURE_ADDRESS = re.compile(
    r"\b(?:request|POST|VERB)\s*\(.{0,80}AZURE_?(?:OPENAI|OAI)\w*(?:ENDPOINT|URL|BASE)", re.IGNORECASE
)
# Packages of R whose functions ask by themselves; without a channel it is told by the function's name.
_R_PACKAGES: dict[str, tuple[re.Pattern[str], str]] = {
    "tidyllm": (re.compile(r"\b(openai|claude|gemini|groq|mistral|perplexity|deepseek|azure_openai|ollama)\s*\("), ""),
    "rgpt3": (re.compile(r"\b(rgpt(?:_single|_embeddings|_single_embedding)?)\s*\("), "openai"),
    "chatgpt": (re.compile(r"\b(ask_chatgpt|chatgpt::\w+)\s*\("), "openai"),
    "TheOpenAIR": (re.compile(r"\b(chat|openai_\w+)\s*\("), "openai"),
    "gemini.R": (re.compile(r"\b(gemini\w*)\s*\("), "google"),
}
_NAMED = re.compile(
    r"""([A-Za-z_][\w.]{1,60})[ \t]{0,20}(?:<-|=)[ \t]{0,20}(?:paste0?\(|glue\(|sprintf\(|stringr::\w{1,30}\()?[ \t]{0,20}["']?(https?://[\w.{}$-]+(?:/[^\s"'`)]{0,200})?)"""
)
_SENDS = re.compile(r"\b(?:POST|VERB|PUT|request|curl_fetch_\w+|httr::\w+|postForm)\s*\(|\b(?:curl|wget|http|xh)\s")
_WORDS = re.compile(r"[A-Za-z_][\w.]{1,60}")
_COMMAND_LINES = 4
_MEANS_ANYTHING = frozenset(("url", "base_url", "endpoint", "api_url", "host", "uri", "api", "base", "server"))
LONGEST_LINE = 20_000
MOST_SITES = 1_000  # of one file: what comes after repeats what has been told
_BEGINS = re.compile(
    r"^\s*(?:([A-Za-z_.][\w.]*)\s*(?:<-|=)\s*function\s*\(|([A-Za-z_][\w-]*)\s*\(\)\s*\{?|function\s+([A-Za-z_][\w-]*))"
)
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


def plain_sites(files: Iterable[SourceFile], directory: Directory) -> list[PlainSite]:
    """The uses that the lines of these files show; names that one R file gives to addresses hold in all of them."""
    read = {file.path: (file, _lines_of(file)) for file in files if is_plain(file) and not is_test_path(file.path)}
    shared = _addresses_named(line for file, lines in read.values() if file.extension in _R for line in lines)
    found: list[PlainSite] = []
    for file, lines in read.values():
        named = _addresses_named(lines)
        named = (
            {**{name: at for name, at in shared.items() if name.lower() not in _MEANS_ANYTHING}, **named}
            if file.extension in _R
            else named
        )
        most = len(found) + MOST_SITES
        for at, line in enumerate(lines):
            if len(found) >= most:
                break
            sites = _of_line(at, line, lines, file, directory) if line else []
            found += sites or (_of_name(at, line, lines, named, file, directory) if named and line else [])
    return [replace(site, names=_names_around(site, read[site.file.path][1])) for site in found]


def _lines_of(file: SourceFile) -> list[str]:
    lines = [_without_comment(line)[:LONGEST_LINE] for line in file.text.split("\n")[:50_000]]
    return _chunks_only(lines) if file.extension in _WITH_PROSE else lines


def _addresses_named(lines: Iterable[str]) -> dict[str, str]:
    """What is given an address: `url <- "https://…"`, `base_url = "https://…"`, `API=https://…`."""
    found: dict[str, str] = {}
    for line in lines:
        if "://" in line:
            for name, address in _NAMED.findall(line):
                found.setdefault(name, address)
    return found


def _of_name(
    at: int, line: str, lines: list[str], named: dict[str, str], file: SourceFile, directory: Directory
) -> list[PlainSite]:
    """A request to an address that stands elsewhere under a name: `POST(url = base_url)`, `curl "$API_URL"`."""
    if not _SENDS.search(line):
        return []
    words = _WORDS.findall(" ".join(lines[at : at + _COMMAND_LINES]))
    address = next((named[word] for word in words if word in named), "")
    host, channel = directory.channel_of_url(re.sub(r"\$\{?\w*\}?", "{}", address))
    if not channel or channel == "self" or address.rstrip("/").endswith("models"):
        return []
    near = "\n".join(lines[max(0, at - 3) : at + _NEAR])
    return [_site(file, at, "HTTP", channel, host, near, "", f"a request is sent to {host}, which is named elsewhere")]


def _names_around(site: PlainSite, lines: list[str]) -> tuple[str, ...]:
    """The function whose beginning stands nearest above a site."""
    for line in reversed(lines[max(0, site.lines[0] - 400) : site.lines[0]]):
        begins = _BEGINS.match(line)
        if begins:
            return (begins[1] or begins[2] or begins[3],)
    return ()


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
    package = next((p for p, pattern in _R_PACKAGES.items() if pattern[0].search(line)), "")
    if package and re.search(
        rf"(?:library|require|box::use)\(\W?{re.escape(package)}\b|\b{re.escape(package)}::", file.text
    ):
        channel = _R_PACKAGES[package][1] or _ELLMER_CHANNELS.get(_R_PACKAGES[package][0].search(line)[1], "")  # type: ignore[index]
        return (
            [_site(file, at, f"{package} (R)", channel, "", near, "", f"{package} asks {channel}")] if channel else []
        )
    if _AZURE_ADDRESS.search(line):
        step = "a request is sent to an address that a variable named after Azure holds"
        return [_site(file, at, "httr", "azure", "", near, "", step)]
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
