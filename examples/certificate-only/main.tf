# A certificate for a listener, issued by the creation function of the platform team's stack.

provider "aws" {
  region = "eu-west-1"
}

module "certificate" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git//modules/certificate?ref=v0.1.0"
  source = "../../modules/certificate"

  creation_function_name = "platform-certificates-creation"
  domain_name            = "billing.example.com"
  name                   = "billing"

  tags = { Team = "billing" }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = data.aws_lb.billing.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = module.certificate.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = data.aws_lb_target_group.billing.arn
  }
}

# The load balancer and its target group, which exist already.
data "aws_lb" "billing" {
  name = "billing"
}

data "aws_lb_target_group" "billing" {
  name = "billing"
}
