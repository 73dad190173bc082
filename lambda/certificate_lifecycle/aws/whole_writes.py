"""The guard of updates that replace an object with a copy of what was read.

The SDK drops members of a response that its model lacks, without an error. An update that replaces
the object would then remove these settings. Before such an update, the raw response is compared
with the raw request; anything that the request lacks prevents the update. Each consumer declares
its own updates of this kind (`Consumer.whole_writes`).
Sources: API references, UpdateDistribution ("the update process replaces the existing
configuration") and UpdateUserPoolDomain; https://github.com/aws/aws-sdk-js-v3/issues/4637.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import botocore
from botocore.exceptions import ParamValidationError
from botocore.serialize import create_serializer

from certificate_lifecycle.model.errors import UnknownSettingError, kind_of
from certificate_lifecycle.model.sanitize import clean, listed
from certificate_lifecycle.parsing.documents import members_lost, subtree

#: Where the raw body of a response is kept: beside the SDK's own metadata, which no write sends.
_RAW = "certificate-lifecycle:RawBody"
#: boto3 has no models; those of botocore decide which members are known.
_SDK = f"botocore {botocore.__version__}"
_SHOWN_MEMBERS = 3
_LONGEST_MEMBER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeWrite:
    """An operation that replaces an object with a changed copy of what another operation returned.

    `at` is the path of the object in the response, `tree` the reader of both documents.
    `changed` are paths of members that the module changes, or that no request has, without the
    positions in lists. `as_request` puts an object of the response in the form of a request; what
    it does not know, it leaves where it is.
    """

    service: str
    read: str
    write: str
    tree: Callable[[bytes], Any]
    at: tuple[str, ...]
    changed: frozenset[str]
    as_request: Callable[[Any], Any] = lambda found: found


def keep_raw_responses(client: Any, wholes: Iterable[WholeWrite]) -> None:  # noqa: ANN401 - any client of boto3
    """Let a client keep the raw bodies of responses that `require_complete` needs.

    A client that keeps them already is not changed.
    """
    for whole in wholes:
        event = f"response-received.{whole.service}.{whole.read}"
        client.meta.events.register(event, _keep, unique_id=event)


def _keep(
    response_dict: Mapping[str, Any] | None, parsed_response: dict[str, Any] | None, **_: object
) -> None:
    if response_dict is not None and parsed_response is not None:
        parsed_response.setdefault("ResponseMetadata", {})[_RAW] = response_dict["body"]


def require_complete(
    client: Any,  # noqa: ANN401 - any client of boto3
    whole: WholeWrite,
    answer: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> None:
    """Raise UnknownSettingError unless a request repeats everything that was read.

    `answer` is the response of `whole.read`, `parameters` are those of `whole.write`.
    Without the raw response, or if the SDK cannot send the request, nothing may be written.
    """
    raw = answer.get("ResponseMetadata", {}).get(_RAW)
    if not isinstance(raw, bytes):
        raise UnknownSettingError(
            f"{_SDK} does not give the raw response of {whole.read}, so that settings could be "
            "lost; nothing was written"
        )
    try:
        written = whole.tree(_request(client, whole.write, parameters))
        read = whole.as_request(subtree(whole.tree(raw), whole.at))
        lost = members_lost(read, written, whole.changed)
    except (ParamValidationError, ValueError) as error:
        # The SDK's error may quote values.
        raise UnknownSettingError(
            f"{_SDK} cannot repeat the response of {whole.read} in {whole.write} "
            f"({kind_of(error)}); nothing was written"
        ) from None
    if lost:
        names = listed([clean(name, _LONGEST_MEMBER) for name in lost], _SHOWN_MEMBERS)
        raise UnknownSettingError(
            f"{whole.write} with {_SDK} would remove {names}; nothing was written"
        )


def accepted(client: Any, whole: WholeWrite, members: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - any client of boto3
    """Return the members that the SDK can send with `whole.write`."""
    shape = client.meta.service_model.operation_model(whole.write).input_shape
    return {name: value for name, value in members.items() if name in shape.members}


def _request(client: Any, operation: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: ANN401 - any client of boto3
    """Return the body of a request as the SDK sends it."""
    service = client.meta.service_model
    # An older SDK has services with one protocol only.
    protocol = getattr(service, "resolved_protocol", service.metadata["protocol"])
    serializer = create_serializer(protocol)
    body = serializer.serialize_to_request(parameters, service.operation_model(operation))["body"]
    return body if isinstance(body, bytes) else str(body).encode()
