# A staging environment: a wildcard certificate that goes when the environment goes.

provider "aws" {
  region = "eu-west-1"
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = "shop-staging"

  # The wildcard covers the preview environments, but not its own base name.
  certificates = {
    main = {
      domain_name               = "*.staging.shop.example.com"
      subject_alternative_names = ["staging.shop.example.com"]

      # Tests the key algorithm before production uses it.
      key_algorithm = "EC_prime256v1"

      # `terraform destroy` deletes the certificate as soon as the listener is gone.
      on_destroy = "delete"
    }
  }

  schedule_expression       = "cron(0 6 ? * MON-FRI *)"
  expiration_threshold_days = 21

  function   = { log_retention_days = 90 }
  monitoring = { max_silence_days = 7 }
  thresholds = { critical_days = 5 }

  notifications = {
    email_addresses = {
      shop_developers = "shop-developers@example.com"
      shop_testers    = "shop-testers@example.com"
    }
  }

  tags = {
    Environment = "staging"
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
