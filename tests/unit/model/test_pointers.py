from __future__ import annotations

import pytest

from certificate_lifecycle.model.pointers import pointer_key, pointer_path, region_named
from certificate_lifecycle.model.scope import Scope


def test_the_name_of_a_pointer_has_the_key_of_its_certificate() -> None:
    assert pointer_path("team") == "/team/certificates"
    assert pointer_key("team", "/team/certificates/main/arn") == "main"
    assert pointer_key("team", "/team/certificates/api.shop_2-b/arn") == "api.shop_2-b"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/team/certificates",
        "/team/certificates//arn",
        "/team/certificates/main",
        "/team/certificates/main/arn/",
        "/team/certificates/main/arn\n",
        "/team/certificates/a/b/arn",
        "/team/certificates/a b/arn",
        "/team/certificates/ä/arn",
        "/team2/certificates/main/arn",
        "x/team/certificates/main/arn",
        "/team/certificates/main/arn:3",
        f"/team/certificates/{'x' * 256}/arn",
    ],
)
def test_another_name_is_no_pointer_of_the_instance(name: str) -> None:
    assert pointer_key("team", name) is None


def test_a_pointer_names_a_certificate_of_any_region_of_the_account_or_none() -> None:
    home = Scope("123456789012", "cn-north-1", "aws-cn")
    value = "arn:aws-cn:acm:cn-northwest-1:123456789012:certificate/9f0d7bb1"
    assert region_named(value, home) == "cn-northwest-1"
    assert region_named(value.replace("-cn:", ":", 1), home) is None
    assert region_named(value.replace("123456789012", "210987654321"), home) is None
    for other in ("pending", "", f" {value}", f"{value}/x", f"{value}/../x", f"{value}\n"):
        assert region_named(other, home) is None
    assert region_named(value.replace(":acm:", ":iam:"), home) is None
