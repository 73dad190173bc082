"""Which certificates are worth a look at what their names serve."""

from __future__ import annotations

import pytest

from certificate_lifecycle.core.model import CertificateStatus, CertificateType
from certificate_lifecycle.core.served import concerned
from tests.unit.builders import NOW, certificate, judged


@pytest.mark.parametrize("kind", CertificateType)
def test_only_what_is_kept_in_acm_can_be_compared(kind: CertificateType) -> None:
    in_acm = (CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE, CertificateType.IMPORTED)
    seen = judged(certificate(type=kind))
    assert concerned(seen, NOW, told=True) is (kind in in_acm)


@pytest.mark.parametrize("status", CertificateStatus)
def test_only_what_was_issued_can_be_served(status: CertificateStatus) -> None:
    servable = (CertificateStatus.ISSUED, CertificateStatus.EXPIRED)
    assert concerned(judged(certificate(status=status)), NOW, told=True) is (status in servable)
