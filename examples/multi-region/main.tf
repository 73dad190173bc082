# Certificates for a listener in eu-west-1 and for an edge-optimised API, which needs one of us-east-1.

provider "aws" {
  region = "eu-west-1"
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = "global-shop"

  certificates = {
    main = {
      domain_name = "global.example.com"
    }
    # CloudFront, edge-optimised APIs and Cognito use certificates of us-east-1 only.
    edge = {
      domain_name = "api.global.example.com"
      region      = "us-east-1"
    }
  }

  # Rotation checks, replaces and moves in each of these regions.
  regions          = ["ap-southeast-2", "eu-west-1", "us-east-1"]
  rebind_consumers = true

  notifications = {
    email_addresses = {
      shop_operations = "shop-operations@example.com"
    }
  }

  tags = {
    Environment = "prod"
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

resource "aws_api_gateway_domain_name" "edge" {
  domain_name     = "api.global.example.com"
  certificate_arn = module.certificates.certificate_arns["edge"]
  security_policy = "TLS_1_2"

  endpoint_configuration {
    types = ["EDGE"]
  }
}

# The load balancer and its target group, which exist already.
data "aws_lb" "shop" {
  name = "shop"
}

data "aws_lb_target_group" "shop" {
  name = "shop"
}
