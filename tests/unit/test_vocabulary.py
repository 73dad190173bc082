"""Words in rules, filters and stored records never change.

`docs/verdicts.md` promises it of verdicts and reasons; the words of AWS are those of its API.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from certificate_lifecycle.model.certificate import (
    Action,
    CertificateStatus,
    CertificateType,
    Documented,
    Reason,
    RenewalStatus,
    Severity,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.model.run import ChangeKind, Outcome, ScopeStatus
from certificate_lifecycle.policy.import_source import SourceState
from certificate_lifecycle.policy.succession import ReplacementState
from certificate_lifecycle.policy.tls_probe import ProbeState
from certificate_lifecycle.policy.validation import RecordChange, RecordState

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"


@pytest.mark.parametrize("words", [Verdict, Reason])
def test_the_page_has_every_verdict_and_reason_in_their_order(words: type[Documented]) -> None:
    """A filter on a renamed word would silently match nothing."""
    part = PAGE.read_text(encoding="utf-8").split(f"BEGIN_{words.__name__.upper()}S -->")[1]
    rows = re.findall(r"^\| `(\w+)` \|", part.split("<!-- END")[0], re.MULTILINE)
    assert [word.value for word in words] == rows


@pytest.mark.parametrize("words", [Verdict, Reason, Action])
def test_a_word_is_the_name_of_its_member_in_capital_letters(words: type[Documented]) -> None:
    for word in words:
        assert word.value.lower() == word.name.replace("_", "").lower()
        assert re.fullmatch(r"([A-Z][a-z]+)+", word.value)


def test_severities_rank_from_nothing_to_critical() -> None:
    assert [(severity.label, severity.value) for severity in Severity] == [
        *(("ok", 0), ("info", 1), ("warning", 2), ("critical", 3))
    ]


@pytest.mark.parametrize(
    "words", [CertificateStatus, CertificateType, RenewalStatus, ValidationMethod]
)
def test_the_values_of_acm_have_its_names(words: type[StrEnum]) -> None:
    own: dict[StrEnum, str] = {CertificateType.SERVER_CERTIFICATE: "IAM_SERVER_CERTIFICATE"}
    assert [word.value for word in words] == [own.get(entry, entry.name) for entry in words]


WORDS: dict[type[StrEnum], tuple[str, ...]] = {
    ReplacementState: (
        *("requested", "validated", "issued", "bound", "verified", "retired", "abandoned"),
    ),
    ScopeStatus: ("ok", "partial", "failed"),
    Outcome: ("done", "started", "advised", "planned", "failed"),
    ChangeKind: ("new", "worse", "better", "changed", "reminder", "resolved"),
    ProbeState: (
        *("Current", "OlderServed", "OtherServed", "SiblingServed", "Unreachable", "Refused"),
        *("NotTls", "NoCertificate", "NotProbed"),
    ),
    SourceState: (
        *("newer", "same", "not newer", "not yet valid", "incompatible", "invalid"),
        *("missing", "unreadable", "unread"),
    ),
    RecordState: (
        *("in place", "missing", "outdated", "foreign", "zone not found", "zone ambiguous"),
        *("delegated", "unchecked"),
    ),
    RecordChange: ("created", "updated", "unchanged"),
}


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.__name__)
def test_the_words_of_an_earlier_version_are_still_read(words: type[StrEnum]) -> None:
    assert tuple(word.value for word in words) == WORDS[words]
