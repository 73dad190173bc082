"""What follows from the facts about a certificate alone."""

from __future__ import annotations

from certificate_lifecycle.core.model import Certificate, CertificateStatus, CertificateType
from tests.unit.builders import NOW, arn, certificate, days


def test_nothing_is_taken_for_granted_of_a_certificate_that_acm_says_little_of() -> None:
    little = Certificate(
        arn=arn(),
        names=(),
        status=CertificateStatus.ISSUED,
        type=CertificateType.AMAZON_ISSUED,
        key_algorithm="RSA_2048",
    )
    assert not (little.in_use or little.exported or little.exportable or little.used)
    assert little.names_complete
    assert (little.renewal_eligible, little.lifetime, little.domain_name) == (None, None, "")


def test_a_life_has_a_length_only_if_it_begins_before_it_ends() -> None:
    assert certificate(not_before=NOW, ends_in=days(2)).lifetime == days(2)
    assert certificate(not_before=NOW, ends_in=None).lifetime is None
    assert certificate(not_before=None).lifetime is None
    assert certificate(not_before=NOW, ends_in=days(0)).lifetime is None
