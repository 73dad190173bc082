"""Service Quotas: what an account may have of ACM's things, which moto does not know.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
https://docs.aws.amazon.com/general/latest/gr/acm.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.embedded_aws.protocol import AwsError, Request

#: Code, name and default of each quota of ACM, as ListServiceQuotas shows them.
ACM = {
    "L-F141DD1D": ("ACM certificates", 2500),
    "L-DA1D8B98": ("ACM certificates created in last 365 days", 5000),
    "L-FB94F0B0": ("Domain names per ACM certificate", 10),
    "L-D2CB7DE9": ("Imported certificates", 2500),
    "L-3808DC70": ("Imported certificates in last 365 days", 5000),
}

Handlers = Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]]


class Quotas:
    """The quotas that AWS has granted to accounts: others have the defaults."""

    def __init__(self) -> None:
        self.granted: dict[str, float] = {}

    def reset(self) -> None:
        self.granted.clear()

    def grant(self, code: str, value: float) -> None:
        """Give every account and region this much."""
        self.granted[code] = value

    def handlers(self) -> Handlers:
        return {("service-quotas", "GetServiceQuota"): self.get}

    def get(self, request: Request) -> dict[str, Any]:
        code = request.parameters["QuotaCode"]
        if request.parameters["ServiceCode"] != "acm" or code not in ACM:
            raise AwsError(
                "NoSuchResourceException",
                "The request failed because the specified resource does not exist.",
            )
        name, default = ACM[code]
        return {
            "Quota": {
                "ServiceCode": "acm",
                "ServiceName": "AWS Certificate Manager (ACM)",
                "QuotaCode": code,
                "QuotaName": name,
                "Value": float(self.granted.get(code, default)),
                "Adjustable": True,
                "GlobalQuota": False,
            }
        }
