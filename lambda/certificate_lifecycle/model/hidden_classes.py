"""Classes of certificates that ACM lists only if a filter asks for them.

AWS adds such a class from time to time, and an SDK without its filter cannot list it.
A further class is one more row of `HIDDEN_CLASSES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from certificate_lifecycle.model import records


@dataclass(frozen=True, slots=True)
class HiddenClass:
    """A class of certificates that ListCertificates leaves out by default.

    `name` is the public and stored word, `label` a plural for people.
    `member` is the filter, and `values` are its values for the class; `shown_as` is the member of a
    summary with one of these values.
    `listed_with` are the other values of the filter: with them, one pass lists all certificates.
    Without them, the filter lists the class alone, so that the class needs a pass of its own.
    `boto3` is the first release that knows the filter, and the operations that list the resources
    of `resource_type`, which the class has beside its certificates.
    """

    name: str
    label: str
    member: str
    values: tuple[str, ...]
    shown_as: str
    boto3: str
    listed_with: tuple[str, ...] = ()
    resource_type: str = ""


#: API reference, ListCertificates, CertificateKeyPairOrigins and RootHierarchyTypes. The releases
#: were found by comparing botocore's models; boto3 has the same numbers.
HIDDEN_CLASSES = (
    HiddenClass(
        name="AcmeCertificates",
        label="ACME endpoints and certificates of ACME clients",
        member="CertificateKeyPairOrigins",
        values=("ACME",),
        shown_as="CertificateKeyPairOrigin",
        boto3="1.43.38",
        listed_with=("AWS_MANAGED", "CUSTOMER_PROVIDED"),
        resource_type="acme-endpoint",
    ),
    HiddenClass(
        name="AmazonN2Certificates",
        label="Amazon N2 certificates",
        member="RootHierarchyTypes",
        values=("N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"),
        shown_as="RootHierarchyType",
        boto3="1.44.7",
    ),
)


class GapCause(StrEnum):
    """Why a class is not listed."""

    SDK = "sdk"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class InventoryGap:
    """A hidden class that could not be listed."""

    hidden_class: HiddenClass
    cause: GapCause

    @property
    def text(self) -> str:
        """The stored form in one word."""
        return f"{self.hidden_class.name}/{self.cause}"

    def hides(self, arn: str) -> bool:
        """Whether a resource beside the certificates of the class is not listed."""
        beside = self.hidden_class.resource_type
        return bool(beside) and arn.split(":", 5)[-1].startswith(f"{beside}/")

    def to_dict(self) -> dict[str, str]:
        """Return plain data for JSON."""
        return {"class": self.hidden_class.name, "cause": self.cause.value}

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        name = records.text(entry, "class")
        for known in HIDDEN_CLASSES:
            if known.name == name:
                return cls(known, GapCause(records.text(entry, "cause")))
        raise ValueError(f"{name!r} is no hidden class")


def gaps_text(gaps: Mapping[InventoryGap, int], sdk: str) -> str:
    """Return the classes that are not listed, with cause and remedy.

    `gaps` has the number of accounts and regions of each gap, `sdk` the versions of the SDK.
    """
    return " ".join(_sentences(gap, count, sdk) for gap, count in gaps.items())


def _sentences(gap: InventoryGap, count: int, sdk: str) -> str:
    label = gap.hidden_class.label
    where = "1 account and region" if count == 1 else f"{count:,} accounts and regions"
    missing = f"{label[0].upper()}{label[1:]} of {where} are not in the inventory:"
    if gap.cause is GapCause.REGION:
        return (
            f"{missing} ACM rejects or ignores the filter {gap.hidden_class.member} there. "
            "No step is needed: each run tries again."
        )
    return (
        f"{missing} {sdk or 'the SDK'} cannot list them. Give the functions boto3 "
        f"{gap.hidden_class.boto3} or newer with the input function.layers, and upgrade boto3 "
        "where the command line runs."
    )
