"""Service Quotas, as the embedded AWS answers for ACM."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud


def test_a_quota_is_the_default_until_more_is_granted(cloud: Cloud) -> None:
    ask = cloud.client("service-quotas").get_service_quota
    before = ask(ServiceCode="acm", QuotaCode="L-F141DD1D")["Quota"]
    cloud.quotas.grant("L-F141DD1D", 4000)
    after = ask(ServiceCode="acm", QuotaCode="L-F141DD1D")["Quota"]
    assert (before["QuotaName"], before["Value"], after["Value"]) == (
        *("ACM certificates", 2500.0, 4000.0),
    )


@pytest.mark.parametrize(("service", "code"), [("acm", "L-00000000"), ("s3", "L-F141DD1D")])
def test_what_there_is_no_quota_for_is_not_found(cloud: Cloud, service: str, code: str) -> None:
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        cloud.client("service-quotas").get_service_quota(ServiceCode=service, QuotaCode=code)
