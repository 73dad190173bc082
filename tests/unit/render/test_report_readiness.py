"""The readiness of a run's certificates in its report."""

from __future__ import annotations

from dataclasses import replace

from certificate_lifecycle.model.run import Run
from certificate_lifecycle.render.report.page import page
from certificate_lifecycle.render.report.readiness import readiness_markup, readiness_of
from tests.unit.assets import ASSETS
from tests.unit.builders import certificate, imported, judged, run
from tests.unit.policy.readiness_estate import by_dns, by_email, estate, read

BOUGHT = read(imported(names=("<b>.example.com",)))
UNUSED = replace(by_dns(), in_use=False)


def shown(found: Run) -> str:
    return readiness_markup(readiness_of(found))


def test_the_section_names_blockers_with_date_party_and_remedy() -> None:
    text = shown(run(judged(by_email()), judged(BOUGHT), judged(certificate())))
    assert "By 2029-03-15: 3 certificates to renew, 2 with blockers, 0 ready." in text
    assert "Certificates whose validation was not read: 1;" in text
    assert '<th scope="row">EmailValidationEnds</th><td>1</td>' in text
    assert "<td>2028-03-15</td>" in text
    assert "import_sources" in text
    assert "&lt;b&gt;.example.com" in text
    assert "<b>" not in text


def test_blocked_certificates_that_need_no_renewal_are_counted_apart() -> None:
    text = shown(run(judged(by_email()), judged(UNUSED)))
    assert "1 certificate to renew, 1 with blockers, 0 ready." in text
    assert "Certificates with blockers that need no renewal: 1." in text


def test_sources_of_the_run_are_no_blockers() -> None:
    found = run(judged(BOUGHT), import_sources={BOUGHT.arn})
    assert "No blockers." in shown(found)
    assert "ImportWithoutSource" in shown(replace(found, import_sources=()))
    assert "SourceNotRead" in shown(replace(found, mode="notify"))


def test_more_certificates_than_the_page_shows_are_counted() -> None:
    many = run(*(entry for entry, *_ in estate(500)))
    assert "more; `certificates readiness` lists all." in shown(many)
    assert "lists all" not in shown(run(judged(by_email())))


def test_the_page_has_the_section() -> None:
    found = run(judged(by_dns()))
    assert shown(found) in page(found, ASSETS)
