"""Declared certificates whose pointer does not name a certificate of this instance.

Terraform declares a certificate by the SSM parameter with its ARN. A certificate that exists is
scanned in ACM; this store has those that were never issued, were deleted, or are of another owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from botocore.exceptions import ConnectionError, HTTPClientError  # noqa: A004 - botocore's name

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.permissions import DRILLS, SCANS, declare
from certificate_lifecycle.aws.ssm import SsmPointers
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import CertificateNotFoundError, PointerNotFoundError
from certificate_lifecycle.model.pointers import (
    PENDING,
    Pointer,
    PointerState,
    pointer_key,
    region_named,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.tags import INSTANCE_TAG

PERMISSIONS = declare(
    (*SCANS, *DRILLS),
    "acm",
    ("arn:{partition}:acm:*:{account}:certificate/*",),
    ListTagsForCertificate="whether a pointer names a certificate of this instance, in any region",
)


class DeclaredCertificates:
    """The declared certificates of an instance that are missing; `home` is its scope."""

    name = "declared certificates"

    def __init__(
        self,
        pointers: SsmPointers,
        home: Scope,
        instance: str,
        certificates_in: Callable[[str], AcmCertificates],
    ) -> None:
        self._pointers = pointers
        self._home = home
        self._instance = instance
        self._certificates_in = certificates_in
        #: What `list_all` could not read, by ARN, for `describe` to raise.
        self._errors: dict[str, Exception] = {}

    def concerns(self, _: Sequence[Certificate]) -> bool:
        """Return true: ACM does not list a certificate that is missing."""
        return True

    def list_all(self) -> Iterator[Certificate]:
        """Yield each declared certificate that is missing, with its detail.

        One that cannot be read is yielded without detail, and `describe` raises its error.
        A service that does not answer ends the listing: each such call would cost a minute.
        """
        for name, value in self._pointers.read_all().items():
            listed = self._listed(name, value)
            try:
                found = self.describe(listed)
            except CertificateNotFoundError:
                continue
            except (ConnectionError, HTTPClientError):
                raise
            except Exception as error:  # noqa: BLE001 - one must not stop the others; `describe` raises it
                logger.warning("pointer unreadable", exc_info=True, extra={"parameter": name})
                self._errors[listed.arn] = error
                found = listed
            pointer = found.detail.pointer
            if pointer is None or pointer.state is not PointerState.ISSUED:
                yield found

    def describe(self, listed: Certificate) -> Certificate:
        """Return a declared certificate with what its pointer stands for.

        Raises CertificateNotFoundError if its parameter was deleted.
        """
        error = self._errors.pop(listed.arn, None)
        if error is not None:
            raise error
        pointer = listed.detail.pointer
        if pointer is None:
            raise ValueError(f"{listed.arn} has no pointer")
        if pointer.value != PENDING:
            return _with(listed, replace(pointer, state=self._state(pointer.value)))
        try:
            written_at = self._pointers.written_at(pointer.name)
        except PointerNotFoundError as error:
            raise CertificateNotFoundError(str(error)) from error
        pending = replace(pointer, state=PointerState.PENDING)
        return replace(_with(listed, pending), created_at=written_at)

    def _listed(self, name: str, value: str) -> Certificate:
        key = pointer_key(self._instance, name) or name
        pointer = Pointer(name, key, value, PointerState.UNREAD)
        return Certificate(
            arn=self._home.arn("ssm", f"parameter{name}"),
            names=(key,),
            status=CertificateStatus.INACTIVE,
            type=CertificateType.DECLARED,
            key_algorithm="",
            in_use=True,
            detail=CertificateDetail(pointer=pointer, described=False),
        )

    def _state(self, value: str) -> PointerState:
        """Return what a value stands for; only ACM can say that a certificate is deleted."""
        region = region_named(value, self._home)
        if region is None:
            return PointerState.FOREIGN
        try:
            tags = self._certificates_in(region).tags(value)
        except CertificateNotFoundError:
            return PointerState.DELETED
        issued = dict(tags).get(INSTANCE_TAG) == self._instance
        return PointerState.ISSUED if issued else PointerState.FOREIGN


def _with(listed: Certificate, pointer: Pointer) -> Certificate:
    # No tag of a parameter is read: none of them means anything here.
    return replace(listed, detail=CertificateDetail(pointer=pointer, tags_read=True))
