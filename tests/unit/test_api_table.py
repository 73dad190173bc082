"""Nothing that an SDK knows about the operations in use is overlooked; see the table's module."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.cli.aws.sdk_features import FEATURES, lacking
from certificate_lifecycle.cli.required_permissions import declared
from tests.harness.api_table import (
    BY_PREFIX,
    NEWEST,
    OLDER,
    ROOT,
    Sdk,
    Service,
    called_methods,
    copy_model,
    differences,
    methods,
    names_in_python,
    names_of,
    renew,
    services,
    table_of,
    text,
    uncovered_methods,
    unknown_to,
    words_of_package,
)

PINNED = Sdk.installed()
TABLES = services()


def without_reason(service: Service) -> list[str]:
    """Return the names that are neither used nor have a reason."""
    rows = (*service.operations.values(), *service.enums.values())
    groups = [reasons for row in rows for reasons in (row.whole, row.left_out)]
    groups += [service.other_operations, service.other_enums]
    return [name for reasons in groups for name in reasons.get("", ())]


# --- The table and the SDKs -----------------------------------------------------------------------


def test_the_table_has_everything_that_the_pinned_sdk_knows() -> None:
    found = differences(PINNED, TABLES)
    assert not found, "\n".join(found)


@pytest.mark.nightly
def test_the_table_has_everything_that_the_newest_sdk_knows() -> None:
    found = differences(Sdk.of_release(NEWEST), TABLES)
    assert not found, "\n".join(found)


Change = Callable[[dict[str, Any]], object]
SHAPES: dict[str, Any] = {"Visibility": {"type": "string", "enum": ["SHOWN", "HIDDEN"]}}
#: A change of the model, the report about ACM, and the table and the operation to read.
CHANGES: dict[str, tuple[Change, str, str, str]] = {
    "a filter": (
        lambda model: members(model, "ListCertificatesRequest").update(
            Quantum={"shape": "CertificateStatuses"}
        ),
        "the input of acm ListCertificates has the new member Quantum",
        "operations.ListCertificates",
        "ListCertificates",
    ),
    "a filter in a structure": (
        lambda model: members(model, "Filters").update(quantum={"shape": "CertificateStatuses"}),
        "the input of acm ListCertificates has the new member Includes.quantum",
        "operations.ListCertificates",
        "ListCertificates",
    ),
    "a value": (
        lambda model: model["shapes"]["CertificateStatus"]["enum"].append("ARCHIVED"),
        "the enum CertificateStatus of acm has the new value ARCHIVED",
        "enums.CertificateStatus",
        "SearchCertificates",
    ),
    "no value": (
        lambda model: model["shapes"]["FailureReason"]["enum"].remove("CAA_ERROR"),
        "the enum FailureReason of acm has no value CAA_ERROR any more",
        "enums.FailureReason",
        "DescribeCertificate",
    ),
    "an enum of a response": (
        lambda model: (
            members(model, "CertificateDetail").update(Visibility={"shape": "Visibility"}),
            model["shapes"].update(SHAPES),
        ),
        "acm DescribeCertificate has the new enum Visibility with the values SHOWN, HIDDEN",
        "enums.Visibility",
        "DescribeCertificate",
    ),
    "no member": (
        lambda model: members(model, "ListCertificatesRequest").pop("MaxItems"),
        "the input of acm ListCertificates has no member MaxItems any more",
        "operations.ListCertificates",
        "ListCertificates",
    ),
    "a listing": (
        lambda model: model["operations"].update(
            ListQuantumCertificates=model["operations"]["ListCertificates"]
        ),
        (
            "acm has the new operation ListQuantumCertificates, which may list certificates that "
            "no other operation lists"
        ),
        "other_operations",
        "ListQuantumCertificates",
    ),
    "no operation": (
        lambda model: model["operations"].pop("RenewCertificate"),
        "acm has no operation RenewCertificate any more",
        "operations.RenewCertificate",
        "RenewCertificate",
    ),
}


def members(model: dict[str, Any], shape: str) -> dict[str, Any]:
    found: dict[str, Any] = model["shapes"][shape]["members"]
    return found


def changed(folder: Path, change: Change) -> Sdk:
    """Return the installed SDK with a changed copy of its model of ACM."""
    path = copy_model("acm", folder)
    model = json.loads(path.read_text(encoding="utf-8"))
    change(model)
    path.write_text(json.dumps(model), encoding="utf-8")
    return Sdk.installed(folder)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_sdk_is_one_sentence_with_the_table_and_page(
    tmp_path: Path, name: str
) -> None:
    change, difference, where, operation = CHANGES[name]
    sdk = changed(tmp_path, change)
    page = f"https://docs.aws.amazon.com/acm/latest/APIReference/API_{operation}.html"
    assert differences(sdk, [table_of("acm")]) == [
        f"botocore {sdk.version}: {difference}; see [{where}] in tests/data/api/acm.toml and {page}"
    ]


def test_a_generated_row_has_no_reason_until_a_person_gives_one(tmp_path: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        for name in ("a filter", "a value", "a listing", "no operation"):
            CHANGES[name][0](model)

    sdk, service = changed(tmp_path, change), table_of("acm")
    renew(service, sdk.model("acm"))
    assert sorted(without_reason(service)) == [
        "ARCHIVED",
        "ListQuantumCertificates",
        "Quantum",
    ]
    # An operation that is gone stays: the package calls it.
    assert len(differences(sdk, [service])) == 1


# --- The table itself -----------------------------------------------------------------------------


@pytest.mark.parametrize("service", TABLES, ids=lambda service: service.name)
def test_every_name_is_used_or_has_a_reason(service: Service) -> None:
    assert without_reason(service) == []


@pytest.mark.parametrize("service", TABLES, ids=lambda service: service.name)
def test_the_generator_changes_nothing_of_a_complete_table(service: Service) -> None:
    expected = (ROOT / service.file).read_text(encoding="utf-8")
    renew(service, PINNED.model(service.name))
    assert text(service) == expected


@pytest.mark.parametrize("service", TABLES, ids=lambda service: service.name)
def test_every_used_name_is_in_the_package(service: Service) -> None:
    for rows in (*service.operations.values(), *service.enums.values()):
        assert len(set(rows.names)) == len(rows.names)
        if rows.python:
            assert set(rows.names) & names_in_python(rows.python) == set(rows.used)
        else:
            last = {name.rpartition(".")[2] for name in rows.used}
            assert last - words_of_package() == set()


def test_every_operation_that_the_package_calls_has_a_row_and_no_other() -> None:
    assert uncovered_methods(PINNED, TABLES) == {}
    assert methods(TABLES) <= called_methods()


def test_every_service_that_the_package_may_call_has_a_table() -> None:
    prefixes = {permission.action.partition(":")[0] for permission in declared()}
    expected = {name for prefix in prefixes for name in BY_PREFIX.get(prefix, (prefix,))}
    assert {service.name for service in TABLES} == expected


# --- Older SDKs -----------------------------------------------------------------------------------


def test_each_feature_of_an_sdk_is_a_row_and_is_in_the_pinned_sdk() -> None:
    assert lacking(PINNED.model) == []
    for feature in FEATURES:
        rows = table_of(feature.service).operations[feature.operation]
        outer = feature.member.partition(".")[0]
        assert feature.member in ("", *rows.used) or outer in names_of(rows.whole)


@pytest.mark.nightly
@pytest.mark.parametrize("release", OLDER)
def test_doctor_names_the_features_that_an_older_sdk_lacks(release: str) -> None:
    sdk = Sdk.of_release(release)
    named = {f"{feature.service} {feature.name}" for feature in lacking(sdk.model)}
    assert set(unknown_to(sdk, TABLES)) <= named


def test_make_sdk_has_an_environment_for_each_release() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"SDKS := {' '.join((*OLDER, NEWEST))}\n" in makefile
