"""HTTPS listeners for the stacks of the tests."""

from __future__ import annotations

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
