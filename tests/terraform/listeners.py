"""A load balancer for the stacks of the tests, and their HTTPS listeners on it."""

from __future__ import annotations

from tests.embedded_aws.cloud import Cloud

#: Expects the variable `load_balancer_arn`.
LISTENER = """
variable "load_balancer_arn" {{
  type = string
}}

resource "aws_lb_listener" "https" {{
  certificate_arn   = {certificate_arn}
  load_balancer_arn = var.load_balancer_arn
  port              = {port}
  protocol          = "HTTPS"

  default_action {{
    type = "fixed-response"

    fixed_response {{
      content_type = "text/plain"
      status_code  = "200"
    }}
  }}
}}
"""
ADDRESS = "aws_lb_listener.https"


def listener(certificate_arn: str, port: int = 443) -> str:
    """Return the HCL of a listener whose certificate is an expression."""
    return LISTENER.format(certificate_arn=certificate_arn, port=port)


def load_balancer(cloud: Cloud, account: str) -> str:
    """Make a load balancer, and return its ARN."""
    ec2, elb = (cloud.client(service, account=account) for service in ("ec2", "elbv2"))
    subnets = [row["SubnetId"] for row in ec2.describe_subnets()["Subnets"]][:2]
    (created,) = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"]
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
