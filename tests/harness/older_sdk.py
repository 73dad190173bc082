"""An SDK that lacks members of ACM's model, as an earlier release does."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from moto.core.utils import get_service_model

if TYPE_CHECKING:
    import pytest

#: Everything in ACM's model that arrived with a hidden class, by the filter of ListCertificates.
MEMBERS = {
    "CertificateKeyPairOrigins": ("CertificateKeyPairOrigins", "CertificateKeyPairOrigin"),
    "RootHierarchyTypes": ("RootHierarchyTypes", "RootHierarchyType", "CertificateUsage"),
}
#: The part of the names of operations that arrived with a hidden class.
OPERATIONS = {"CertificateKeyPairOrigins": "Acme"}


def use_sdk_without(filters: Collection[str], patch: pytest.MonkeyPatch) -> None:
    """Let new clients lack filters of ListCertificates, with those of their release, or members."""
    members = {member for name in filters for member in MEMBERS.get(name, (name,))}
    parts = [OPERATIONS[name] for name in filters if name in OPERATIONS]
    # The embedded AWS keeps its model for all tests: that of the installed SDK.
    get_service_model("acm")
    load: Callable[..., Any] = Loader.load_service_model

    def older(loader: Loader, service: str, *wanted: str | None, **options: str | None) -> Any:  # noqa: ANN401 - JSON
        model = load(loader, service, *wanted, **options)
        if (service, *wanted) != ("acm", "service-2"):
            return model
        model = copy.deepcopy(model)
        for name in list(model["operations"]):
            if any(part in name for part in parts):
                del model["operations"][name]
        for shape in model["shapes"].values():
            for member in members & set(shape.get("members", ())):
                del shape["members"][member]
        return model

    patch.setattr(Loader, "load_service_model", older)
