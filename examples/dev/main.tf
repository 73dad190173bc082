# A development environment: one certificate for the listener of an existing load balancer.

provider "aws" {
  region = "eu-west-1"
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = "shop-dev"
  domain_name = "dev.shop.example.com"

  # The users of the environment notice failures, and nobody needs old logs.
  monitoring = { alarms = false, dashboard = false }
  function   = { log_retention_days = 14 }

  notifications = {
    email_addresses = {
      shop_developers = "shop-developers@example.com"
    }
  }

  tags = {
    Environment = "dev"
    Service     = "shop"
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = data.aws_lb.shop.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = module.certificates.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = data.aws_lb_target_group.shop.arn
  }
}

# The load balancer and its target group, which exist already.
data "aws_lb" "shop" {
  name = "shop"
}

data "aws_lb_target_group" "shop" {
  name = "shop"
}
