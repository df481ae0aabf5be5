"""Rules leave as files and come back as drafts."""

import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from compliance.actions.importing_rules import LARGEST, RulesUnreadable, import_rules, read_rules
from compliance.engine.rulebook import parse_rulebook
from compliance.exchange.odrl import rules_from_odrl
from compliance.models import ClauseText, RuleRevision, TrailEntry, Version
from compliance.queries.exporting_rules import rules_to_export
from compliance.text.normalise import clause_hash
from tests.admin.conftest import Desk

FILES = "admin:compliance_rulerevision_files"


def exported(desk: Desk, kind: str) -> bytes:
    page = desk.client(desk.writer).get(reverse("admin:compliance_rulerevision_export", args=[kind]))
    assert "attachment" in page.headers["Content-Disposition"]
    return page.content


def brought(client: Client, name: str, content: bytes) -> str:
    page = client.post(reverse(FILES), {"file": SimpleUploadedFile(name, content)}, follow=True)
    return page.content.decode()


def test_what_is_downloaded_is_what_is_published(desk: Desk) -> None:
    assert parse_rulebook(exported(desk, "toml").decode(), "x.toml").rules == rules_to_export()
    assert tuple(rules_from_odrl(json.loads(exported(desk, "odrl")), "x")) == rules_to_export()
    one = desk.client(desk.writer).get(reverse("admin:compliance_rulerevision_as", args=[desk.published.pk, "toml"]))
    assert parse_rulebook(one.content.decode(), "x.toml").rules == rules_to_export()


@pytest.mark.parametrize("kind, name", [("toml", "rules.toml"), ("odrl", "rules.jsonld")])
def test_rules_brought_back_unchanged_make_no_draft(desk: Desk, kind: str, name: str) -> None:
    said = brought(desk.client(desk.writer), name, exported(desk, kind))
    assert "0 drafts from" in said
    assert RuleRevision.objects.count() == 1


def test_a_changed_rule_becomes_a_draft_and_a_new_one_starts(desk: Desk) -> None:
    text = exported(desk, "toml").decode()
    changed = text.replace("that compete", "that compete directly")
    another = text.replace(":competing-models", ":rivals").partition("[[rule]]")[2]
    said = brought(desk.client(desk.writer), "rules.toml", f"{changed}\n[[rule]]{another}".encode())
    assert "2 drafts from rules.toml" in said
    drafts = RuleRevision.objects.filter(status="draft").order_by("number")
    assert [(one.rule.identifier.partition(":")[2], one.number) for one in drafts] == [
        ("rivals", 1),
        ("competing-models", 2),
    ]
    assert desk.published.rule.revisions.get(status="published").statement.endswith("that compete")
    assert TrailEntry.objects.filter(action="rule imported", user=desk.writer).count() == 2
    assert "0 drafts from" in brought(desk.client(desk.writer), "rules.toml", f"{changed}\n[[rule]]{another}".encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('effect = "prohibition"', 'effect = "ban"'), "is none of prohibition, permission, duty (line 7)"),
        (("[[rule]]", "[[rule]"), "not TOML"),
        (("2026-01-01", "2031-01-01"), "has no version 2031-01-01"),
        (("openai/services-agreement:", "openai/other:"), "openai/other is not among the documents held here"),
        (("[[rule]]", "[[rulez]]"), "unknown table"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place_and_brings_nothing(
    desk: Desk, change: tuple[str, str], message: str
) -> None:
    text = exported(desk, "toml").decode()
    whole = text + "\n[[rule]]" + text.replace(":competing-models", ":rivals").partition("[[rule]]")[2]
    said = brought(desk.client(desk.writer), "rules.toml", whole.replace(*change).encode())
    assert message in said.replace("&#x27;", "'").replace("&quot;", '"')
    assert "Nothing of the file was taken up." in said
    assert RuleRevision.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.toml", b"\xff\xfe", "not UTF-8 at byte 0"),
        ("x.toml", b"# nothing", "holds no [[rule]] table"),
        ("x.json", b"{", "not JSON"),
        ("x.json", b"[" * 100_000, "nested too deeply"),
        ("x.json", b'{"a": "\\u0000"}', "NUL"),
        ("x.toml", b"#" * (LARGEST + 1), "at most"),
    ],
)
def test_files_that_are_no_rules_are_refused_in_words(name: str, content: bytes, message: str) -> None:
    with pytest.raises(RulesUnreadable, match=rf"^{name}") as refused:
        read_rules(content, name)
    assert message in str(refused.value)


def test_a_rule_with_a_draft_in_somebodys_hands_is_left_to_them(desk: Desk) -> None:
    text = exported(desk, "toml").decode()
    first = read_rules(text.replace("that compete", "that rival").encode(), "a.toml")
    import_rules(acting_user=desk.writer, rules=first, filename="a.toml")
    second = read_rules(text.replace("that compete", "that resemble").encode(), "b.toml")
    with pytest.raises(RulesUnreadable, match=r"b\.toml: rule openai.*Revision 2 is draft already"):
        import_rules(acting_user=desk.second, rules=second, filename="b.toml")


def test_commands_write_and_take_files(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    call_command("export_rules", output=file, stderr=io.StringIO())
    file.write_text(file.read_text().replace("that compete", "that compete directly"))
    out, err = io.StringIO(), io.StringIO()
    call_command("import_rules", str(file), "--as", desk.writer.username, stdout=out, stderr=err)
    assert "rules.toml: 1 drafts, 0 say nothing new" in err.getvalue()
    assert out.getvalue() == "openai/services-agreement:competing-models revision 2\n"


@pytest.mark.parametrize("person", ["nobody", "engineer"])
def test_the_command_drafts_only_for_those_who_may(desk: Desk, tmp_path: Path, person: str) -> None:
    err = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("import_rules", "x.toml", "--as", getattr(desk, person, desk.engineer).username, stderr=err)
    assert end.value.code == 2
    assert "may draft rules" in err.getvalue()


def test_engineers_neither_take_nor_bring_rules(desk: Desk) -> None:
    client = desk.client(desk.engineer)
    assert client.get(reverse(FILES), follow=True).status_code == 403
    export = reverse("admin:compliance_rulerevision_export", args=["toml"])
    assert client.get(export, follow=True).status_code == 403


def test_the_clause_stands_beside_its_rule_in_the_providers_words(desk: Desk) -> None:
    words = "Do not make <b>rivals</b> of our models."
    version = Version.objects.get(label="2026-01-01")
    version.text = f"Terms.\n{words}\n"
    version.save()
    ClauseText.objects.filter(version=version).update(sha256=clause_hash(words), start=7, end=7 + len(words))
    page = desk.client(desk.writer).get(reverse("admin:compliance_rulerevision_change", args=[desk.published.pk]))
    assert "not held here" in page.content.decode()
    definition = {**desk.published.definition, "citations": [
        {"versions": ["2026-01-01"], "section": "3.3(e)", "sha256": clause_hash(words)}]}  # fmt: skip
    other = RuleRevision.objects.create(
        rule=desk.published.rule, number=9, effect="prohibition", title="T", statement="bars x", in_force=version.in_force,
        definition=definition, content_sha256="0" * 64,
    )  # fmt: skip
    editor = (
        desk.client(desk.writer).get(reverse("admin:compliance_rulerevision_edit", args=[other.pk])).content.decode()
    )
    assert "&lt;b&gt;rivals&lt;/b&gt; of our models." in editor
    assert f"{reverse('terms-version', args=[version.pk])}#p-7" in editor
