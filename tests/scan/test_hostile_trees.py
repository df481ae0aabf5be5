"""Trees that are broken or mean harm: read as far as they can be, named where they cannot, never run."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.scan.sarif import as_sarif
from audits.scan.scanning import scan_tree
from audits.scan.tree import LARGEST_FILE

GOOD = "import openai\nopenai.ChatCompletion.create(model='gpt-4')\n"


def test_nothing_is_executed_or_imported(scan, tmp_path):
    scan(
        {
            "evil.py": f"open({str(tmp_path / 'ran')!r}, 'w').write('x')\n",
            "sitecustomize.py": "raise SystemExit\n",
            "setup.py": "1/0\n",
        }
    )
    assert not (tmp_path / "ran").exists()


def test_links_are_not_followed_so_cycles_and_ways_out_are_harmless(scan, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "out.py").symlink_to("/etc/passwd")
    result = scan({"a/b.py": GOOD})
    assert (result.files, result.providers) == (1, ("openai",))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.py", "def f(:\n", "not readable as Python"),
        ("deep.py", "x = " + "(" * 5000 + ")" * 5000, "not readable"),
        ("sums.py", "x = " + "+".join(["1"] * 30_000), "not readable"),
        ("null.py", "x = 1\x00", "binary"),
        ("book.ipynb", "[]", "no list of cells"),
        ("book.ipynb", "{", "not readable"),
        ("book.ipynb", "[" * 100_000, "not readable"),
        ("big.json", "x" * (LARGEST_FILE + 1), "larger than"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(scan, name, content, reason):
    result = scan({name: content, "good.py": GOOD})
    assert result.providers == ("openai",)
    assert [(item.file, reason in item.reason) for item in result.unresolved] == [(name, True)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.ts", "f(" * 20_000),
        ("deep.js", "const x = " + "[" * 20_000),
        ("bundle.js", "x(1);" * 100_000),
        ("self.ts", "const a = b; const b = a; fetch(a, {model: a}); new a(b.c.d)"),
        ("chain.ts", "x" + ".then(y)" * 5_000),
        ("deep.yaml", "- " * 50_000),
        ("long.sh", "curl " + "a\\\n" * 50_000),
        ("names.R", 'url_a <- "https://api.openai.com/v1/x"\n' * 5_000 + "POST(url_a)\n" * 5_000),
        ("spaces.sh", ("model:" + " " * 15_000 + "\n") * 60),
        (
            "returns.ts",
            "import {generateText} from 'ai'\nfunction f(){ return f() ?? f() }\n"
            + "generateText({ model: f() })\n" * 500,
        ),
        ("half.ts", "import { from 'x; new OpenAI({ baseURL: `${"),
    ],
)
def test_other_languages_that_mean_harm_stop_nothing(scan, name, content):
    assert scan({name: content, "good.py": GOOD}).providers == ("openai",)


def test_bytes_that_are_no_text_are_read_as_far_as_they_go(scan, tmp_path):
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\n" + GOOD.encode())
    assert scan({}).providers == ("openai",)


def test_a_folder_that_cannot_be_listed_is_named(scan, tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    listed = os.scandir

    def refusing(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert [(item.file, item.reason) for item in scan({"good.py": GOOD}).unresolved] == [
        ("locked", "the folder cannot be listed: Permission denied")
    ]


def test_names_that_refer_to_themselves_come_to_an_end(scan):
    code = "import openai\na = b\nb = a\ndef f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n"
    code += "class C:\n    def __init__(self):\n        self.m = self.m\nopenai.ChatCompletion.create(model=f(a) or C().m)\n"
    assert scan({"x.py": code}).providers == ("openai",)


def test_a_missing_folder_is_an_error(tmp_path, directory):
    with pytest.raises(NotADirectoryError, match="there is no such folder"):
        scan_tree(tmp_path / "nothing", directory)


STATEMENTS = (
    "import openai",
    "x = openai.OpenAI(**x)",
    "x.chat.completions.create(model=x, **y)",
    "def f(x=x, *a, **k): return f(x)",
    "f(*x)",
    "class A(A): x = x",
    "y = {'model': y, **y}",
    "(x := x)",
    "for x.y in x: pass",
    "openai.api_base = f'{x}{y!r:{x}}'",
    "x = y = x[y]",
)
CODE = st.lists(
    st.sampled_from(STATEMENTS),
    max_size=12,
).map("\n".join)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=CODE, other=st.text(max_size=120))
def test_no_program_makes_the_scan_fail(tmp_path, directory, code, other):
    (tmp_path / "a.py").write_text(code)
    for name in ("b.yaml", "c.ipynb", "d.ts", "e.R", "f.py"):
        (tmp_path / name).write_text(other, encoding="utf-8", errors="replace", newline="")
    result = scan_tree(tmp_path, directory)
    assert result.files + sum("binary" in item.reason for item in result.unresolved) == 6
    as_sarif(result)


def test_methods_of_one_name_and_wrappers_of_wrappers_come_to_an_end(scan):
    methods = "    def run(self, x=1):\n        return self.run(self.c.chat.completions.create(model=x))\n" * 400
    wraps = "from z import W\nc = OpenAI()\n" + "c = W(c, c)\n" * 800
    files = {"a.py": "from openai import OpenAI\nclass A:\n" + methods, "b.py": "from openai import OpenAI\n" + wraps}
    assert scan({**files, "good.py": GOOD}).providers == ("openai",)


def test_what_is_left_out_is_named_with_the_reason(scan, tmp_path):
    deep = tmp_path.joinpath(*["d"] * 45)
    deep.mkdir(parents=True)
    (deep / "hidden.py").write_text(GOOD)
    (tmp_path / "linked.py").symlink_to(deep / "hidden.py")
    (tmp_path / "round").symlink_to(tmp_path)
    with (tmp_path / "huge.py").open("wb") as huge:
        huge.truncate(2 * 1024**3)
    with (tmp_path / "huge.ipynb").open("wb") as huge:
        huge.truncate(200 * 1024**2)
    told = {item.file: item.reason for item in scan({"good.py": GOOD}).unresolved}
    assert told["linked.py"] == told["round"] == "a symbolic link, which is not followed"
    assert "folders inside each other" in told["/".join(["d"] * 41)]
    assert told["huge.py"].startswith("2147483648 bytes: larger than")
    assert told["huge.ipynb"].startswith("209715200 bytes: larger than")
    assert len(told) == 5
