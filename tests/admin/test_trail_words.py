"""The trail in the admin reads as sentences."""

from django.urls import reverse

from compliance.models import TrailEntry
from compliance.queries.trail_words import SENTENCES, trail_sentence
from tests.admin.conftest import Desk


def test_each_action_is_told_as_a_sentence_about_the_thing():
    assert trail_sentence("terms.text_filled", "a paper") == "Filled in the text of a paper"
    assert trail_sentence("terms document changed", "a paper") == "Changed the terms document a paper"
    assert trail_sentence("something new_done", "it") == "Something new done: it"
    assert trail_sentence("run requested", "{}") == "Asked for the run {}"
    assert all(told.count("{}") == 1 for told in SENTENCES.values())


def test_the_list_and_its_filter_show_words(desk: Desk):
    TrailEntry.objects.create(
        action="terms.text_filled", object_type="x", object_id="1", object_label="a <b>paper</b>\u202e"
    )
    shown = desk.client(desk.administrator).get(reverse("admin:compliance_trailentry_changelist")).content.decode()
    assert "Filled in the text of a &lt;b&gt;paper&lt;/b&gt;" in shown
    assert "\u202e" not in shown
    assert "Text filled" in shown
