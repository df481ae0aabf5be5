"""What a web process has done before anybody comes."""

from compliance.page_templates import read_templates


def test_every_template_of_a_page_can_be_read_before_the_first_visitor():
    assert read_templates() > 100
