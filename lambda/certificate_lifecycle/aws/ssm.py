"""Systems Manager Parameter Store: the pointers to the declared certificates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import (
    DRILLS,
    ROTATIONS,
    SCANS,
    Function,
    Setting,
    at_home,
    declare,
)
from certificate_lifecycle.aws.responses import error_code, paginated, validated_response
from certificate_lifecycle.model.errors import PointerNotFoundError
from certificate_lifecycle.model.pointers import pointer_key, pointer_path

_POINTERS = at_home("ssm", "parameter/{instance}/certificates/*")
_PATH = at_home("ssm", "parameter/{instance}/certificates")
_SCANS = (*SCANS, *DRILLS)
PERMISSIONS = (
    *declare(
        (Function.CREATION,),
        "ssm",
        _POINTERS,
        GetParameter="read the pointer of a certificate",
        PutParameter="write the ARN of an issued certificate into its pointer",
    ),
    *declare(
        (Function.CREATION,),
        "ssm",
        _PATH,
        Setting.ON_DESTROY,
        GetParametersByPath="keep a certificate that another pointer names",
    ),
    *declare(
        _SCANS,
        "ssm",
        _PATH,
        GetParametersByPath="which certificates the pointers name",
    ),
    *declare(_SCANS, "ssm", _POINTERS, GetParameter="since when a pointer is pending"),
    *declare(
        ROTATIONS,
        "ssm",
        _POINTERS,
        Setting.REPLACE,
        PutParameter="let the pointer of a replaced certificate name its successor",
    ),
)

#: API reference, GetParametersByPath.
_PAGE = 10


class SsmPointers:
    """The pointers of one instance, in the account and region of the functions."""

    def __init__(self, client: Any, name_prefix: str) -> None:  # noqa: ANN401 - no stubs of this service
        self._client = client
        self._name_prefix = name_prefix

    @validated_response("GetParametersByPath")
    def read_all(self) -> Mapping[str, str]:
        """Return the value of every pointer by its name.

        Systems Manager judges the call by the path itself, whose ARN has no `/*` at its end, and
        not by the parameters below (API reference, GetParametersByPath).
        """
        parameters = paginated(
            self._client,
            "get_parameters_by_path",
            "Parameters",
            required=True,
            Path=pointer_path(self._name_prefix),
            Recursive=True,
            MaxResults=_PAGE,
        )
        return {
            parameter["Name"]: parameter["Value"]
            for parameter in parameters
            if pointer_key(self._name_prefix, parameter["Name"]) is not None
        }

    @validated_response("GetParameter")
    def read(self, name: str) -> str:
        """Return the value of a pointer; raises PointerNotFoundError."""
        value: str = self._parameter(name)["Value"]
        return value

    @validated_response("GetParameter")
    def written_at(self, name: str) -> datetime:
        """Return when a pointer was last written; raises PointerNotFoundError."""
        moment: datetime = self._parameter(name)["LastModifiedDate"]
        return moment.astimezone(UTC)

    def _parameter(self, name: str) -> dict[str, Any]:
        try:
            parameter: dict[str, Any] = self._client.get_parameter(Name=name)["Parameter"]
        except ClientError as error:
            if error_code(error) != "ParameterNotFound":
                raise
            raise PointerNotFoundError(f"the SSM parameter {name} does not exist") from error
        return parameter

    def write(self, name: str, value: str) -> bool:
        """Give a pointer another value; false if it has that value.

        Raises PointerNotFoundError. Without a type Systems Manager creates no parameter (API
        reference, PutParameter), also if it is deleted between the two calls.
        """
        if self.read(name) == value:
            return False
        self._client.put_parameter(Name=name, Value=value, Overwrite=True)
        return True

    def exchange(self, name: str, value: str, *, instead_of: str) -> bool:
        """Give a pointer another value if it has the value `instead_of`; false otherwise.

        Raises PointerNotFoundError. Systems Manager has no conditional write.
        """
        if self.read(name) != instead_of:
            return False
        self._client.put_parameter(Name=name, Value=value, Overwrite=True)
        return True
