"""AWS responses in the shape of the SDK's models, without further guarantees.

Optional members are missing, sometimes also required ones; enumerations have new members;
timestamps have any value; names are hostile. The SDK has already parsed the responses.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import boto3.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from certificate_lifecycle.aws import state_table
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.sessions import core_session
from tests.stress.fuzz.lots import NOW, Lot

REGION, ACCOUNT = "eu-west-1", "123456789012"
#: How the names of entries in the state table begin, for every kind of record.
_PREFIXES = tuple(
    kind.prefix
    for kind in vars(state_table).values()
    if isinstance(kind, state_table._RecordKind)  # noqa: SLF001 - a new kind is fuzzed without an edit
)
#: Members that would make pagination endless.
_MORE = frozenset(
    {
        *("IsTruncated", "Marker", "NextContinuationToken", "NextMarker", "NextPageMarker"),
        *("NextRecordName", "NextToken", "PaginationToken", "nextToken", "position"),
        *("LastEvaluatedKey", "ContinuationToken", "NextRecordIdentifier", "NextRecordType"),
    }
)
#: Fields of most certificates, so that a run has something to do.
_USUAL = frozenset(
    {
        *("ISSUED", "AMAZON_ISSUED", "RSA_2048", "RSA-2048", "AWS_MANAGED", "ELIGIBLE", "ENABLED"),
        *("FAILED", "PENDING_VALIDATION", "DNS", "CNAME", "HTTPS", "TLS", "Deployed", "AVAILABLE"),
    }
)
_NAMES = ("example.com", "*.example.com", "www.example.com", "_a1.example.com.", "example.com.")
#: Errors of any operation.
_ERRORS = (
    *("AccessDeniedException", "ThrottlingException", "InternalFailure", "ValidationException"),
    *("ResourceNotFoundException", "SomethingNewException", "ExpiredTokenException"),
)
CERTIFICATES = tuple(f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{name}" for name in "abcdef")
_ARNS = (
    *CERTIFICATES,
    f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/11111111-2222-3333-4444-555555555555",
    f"arn:aws:iam::{ACCOUNT}:server-certificate/cloudfront/<b>/shop",
    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/shop/50dc6c495c0c9188",
    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/classic",
    f"arn:aws:elasticloadbalancing:{REGION}:999999999999:loadbalancer/net/theirs/50dc6c495c0c9188",
    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/shop/50dc6c495c0c9188/f2f7dc8e",
    f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1EXAMPLE",
    "arn:aws:cloudfront::999999999999:distribution/E2EXAMPLE",
)
_NO_ARNS = ("", "arn", "arn:aws:acm", "not an ARN at all", "arn:aws:acm:\x1b[2J::::certificate/x")

Call = tuple[str, Mapping[str, Any]]
Answering = Callable[[OperationModel, Mapping[str, Any]], tuple[int, dict[str, Any]]]


class Answer(Lot):
    """Draws responses; the share of missing, odd or rejected ones is drawn first."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._missing = self.one((0.0, 0.0, 0.01, 0.05, 0.3))
        self._broken = self.one((0.0, 0.0, 0.01, 0.05))
        self._refused = self.one((0.0, 0.0, 0.02, 0.1))
        self._strange = self.one((0.0, 0.02, 0.1))

    def at(self, rate: float) -> bool:
        return self._random.random() < rate

    def to(
        self, operation: OperationModel, params: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """Draw the status and the parsed response of an operation; most match the request."""
        if self.at(self._refused):
            known = [shape.name for shape in operation.error_shapes]
            error = {"Code": self.one((*_ERRORS, *known)), "Message": self.text()}
            return 400, {"Error": error, "ResponseMetadata": {}}
        if operation.name == "Query":
            return 200, {"Items": [self._entry()] if self.at(self._broken) else []}
        shape = operation.output_shape
        answer = self._value(shape, operation.name) if shape is not None else {}
        if operation.name == "DescribeCertificate" and not self.at(self._broken):
            arn = json.loads(params["body"])["CertificateArn"]
            answer["Certificate"] = {**answer.get("Certificate", {}), "CertificateArn": arn}
        if operation.name == "PutEvents" and not self.at(self._broken):
            count = len(json.loads(params["body"])["Entries"])
            answer["Entries"] = [{"EventId": "1"}] * count
        if operation.name == "BatchImportFindings" and not self.at(self._broken):
            answer["FailedCount"] = 0
        return 200, {**answer, "ResponseMetadata": {}}

    def _entry(self) -> dict[str, Any]:
        """Draw a foreign item of the state table."""
        if self.at(0.1):
            return self._memory()
        entry = self.one((*_PREFIXES, "message#last", "else"))
        return {
            "scope": {"S": f"{ACCOUNT}/{REGION}"},
            "entry": {"S": f"{entry}{self.one((*CERTIFICATES, self.text()))}"},
            self.one(("state", "verdict", "told_at", "text")): {"S": self.text()},
        }

    def _memory(self) -> dict[str, Any]:
        """Draw an item of remembered certificates, with one field that is damaged."""
        fields = {
            "arn": self.one(CERTIFICATES),
            "names": list(_NAMES[:1]),
            "status": "ISSUED",
            "type": "AMAZON_ISSUED",
            "key_algorithm": "RSA_2048",
            "detail": {"serial": "0a"},
        }
        entry = {"fingerprint": "", "described_at": NOW.isoformat(), "certificate": fields}
        damaged = self.one((entry, fields))
        wrong: tuple[Any, ...] = (None, 5, [], {}, self.text())
        damaged[self.one(tuple(damaged))] = self.one(wrong)
        packed = zlib.compress(json.dumps(self.one(([entry], [entry, 5], entry))).encode())
        return {
            "scope": {"S": f"{ACCOUNT}/{REGION}"},
            "entry": {"S": "remembered#000"},
            "certificates": {"B": self.one((packed, packed, packed[:-4], b"bytes"))},
            "since": {"S": self.one((NOW.isoformat(timespec="microseconds"), self.text()))},
        }

    def _value(self, shape: Shape, name: str) -> Any:  # noqa: ANN401 - any type that a model has
        if isinstance(shape, StructureShape):
            return self._structure(shape)
        if isinstance(shape, ListShape):
            length = self.one((0, 3, 6) if name == "CertificateSummaryList" else (0, 1, 1, 2, 4))
            return [self._value(shape.member, name) for _ in range(length)]
        if isinstance(shape, MapShape):
            key, value = shape.key, shape.value
            return {self._value(key, ""): self._value(value, name) for _ in range(self.one((0, 2)))}
        draw: Callable[[], Any] = {
            "string": lambda: self._string(shape, name),
            "timestamp": lambda: self._any_moment(name),
            "boolean": self.often,
            "blob": lambda: b"bytes",
            "integer": lambda: self.one((0, 1, 443, -1, 2**31)),
            "long": lambda: self.one((0, 1, 443, -1, 2**63)),
        }.get(shape.type_name, lambda: self.one((0.0, 0.5, -1e308)))
        return draw()

    def _structure(self, shape: StructureShape) -> dict[str, Any]:
        if shape.name == "AttributeValue":  # which may contain itself any number of times
            return {"S": self.text()}
        promised = set(shape.required_members)
        return {
            member: self._value(inner, member)
            for member, inner in shape.members.items()
            if member not in _MORE
            and not (member == "ManagedBy" and not self.at(0.05))
            and not self.at(self._broken / 5 if member in promised else self._missing)
        }

    def _string(self, shape: Shape, name: str) -> str:
        known = getattr(shape, "enum", None)
        if known:
            if self.at(self._strange):
                return self.one(("SOMETHING_NEW", ""))
            usual = [str(entry) for entry in known if entry in _USUAL]
            return self.one(usual) if usual and self.often() else str(self.one(known))
        if name.endswith(("Arn", "arn", "ARN")) or name in ("InUseBy", "SSLCertificateId"):
            if self.at(self._broken):
                return self.one(_NO_ARNS)
            return self.one(_ARNS) if name == "InUseBy" or self.seldom() else self.one(CERTIFICATES)
        if "Name" in name or "Domain" in name:
            return self.one(_NAMES) if self.often() else self.name()
        if name in ("Serial", "CertificateBody", "SubscriptionsConfirmed"):
            return self.one(("0a:1b", "7", self.text()))
        return self.text()

    def _any_moment(self, name: str) -> datetime:
        """Draw a timestamp; most certificates expire soon, so that a run has something to do."""
        hours = {"NotAfter": (-100, 1200), "Expiration": (-100, 1200)}.get(name, (-9000, -500))
        usual = NOW + timedelta(hours=self._random.randint(*hours))
        moment = (self.moment() or NOW) if self.at(self._strange) else usual
        if self.at(self._broken):
            return self.one((moment.replace(tzinfo=None), datetime.min, datetime.max))  # noqa: DTZ901 - it is about those
        zone = timezone(timedelta(hours=self.one((-12, 0, 14))))
        return self.one((moment, moment.replace(tzinfo=zone)))


class Aws:
    """The SDK's endpoint: it answers requests and stores them."""

    def __init__(self) -> None:
        self.session = boto3.session.Session(
            "AKIAIOSFODNN7EXAMPLE", "none", region_name=REGION, botocore_session=core_session()
        )
        self.session.events.register("before-call", self._answer)  # type: ignore[arg-type] # what is returned is the answer
        self.clients = Clients(REGION, session=self.session)
        self.calls: list[Call] = []
        self.answer: Answering = refuse

    def answers(self, answer: Answering) -> Aws:
        """Start again with other responses."""
        self.calls = []
        self.answer = answer
        return self

    def _answer(
        self,
        model: OperationModel,
        params: Mapping[str, Any],
        **_: object,
    ) -> tuple[SimpleNamespace, dict[str, Any]]:
        self.calls.append((model.name, params))
        status, parsed = self.answer(model, params)
        return SimpleNamespace(status_code=status, headers={}), parsed


def refuse(model: OperationModel, _: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Deny all requests."""
    error = {"Code": "AccessDeniedException", "Message": f"not authorized: {model.name}"}
    return 400, {"Error": error, "ResponseMetadata": {}}
