"""Pointers to declared certificates in the embedded AWS, as Terraform creates them."""

from __future__ import annotations

from tests.embedded_aws.cloud import Cloud


def pointer_name(key: str = "main") -> str:
    return f"/certificate-lifecycle/certificates/{key}/arn"


def pointer_arn(key: str = "main") -> str:
    return f"arn:aws:ssm:eu-west-1:123456789012:parameter{pointer_name(key)}"


def declare(cloud: Cloud, key: str = "main", value: str = "pending") -> str:
    """Create a pointer and return its name."""
    name = pointer_name(key)
    cloud.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    return name


def pointed(cloud: Cloud, key: str = "main") -> str:
    """Return the value of a pointer."""
    found = cloud.client("ssm").get_parameter(Name=pointer_name(key))
    return str(found["Parameter"]["Value"])
