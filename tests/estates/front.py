"""What a stack with a listener finds in its account: a load balancer and a target group."""

from __future__ import annotations

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.zones import DEFAULT_ACCOUNT


def fill(cloud: Cloud, name: str, account: str = DEFAULT_ACCOUNT) -> str:
    """Make a load balancer and a target group of one name, and return the load balancer's ARN."""
    ec2, elb = (cloud.client(service, account=account) for service in ("ec2", "elbv2"))
    subnets = ec2.describe_subnets()["Subnets"][:2]
    (created,) = elb.create_load_balancer(
        Name=name, Subnets=[subnet["SubnetId"] for subnet in subnets]
    )["LoadBalancers"]
    elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"])
    arn: str = created["LoadBalancerArn"]
    return arn


def served(cloud: Cloud, load_balancer_arn: str, port: int = 443) -> str:
    """Return the default certificate of the listener on a port."""
    account = load_balancer_arn.split(":")[4]
    elb = cloud.client("elbv2", account=account)
    pages = elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=load_balancer_arn)
    listeners = [row for page in pages for row in page["Listeners"]]
    (arn,) = (row["Certificates"][0]["CertificateArn"] for row in listeners if row["Port"] == port)
    return str(arn)
