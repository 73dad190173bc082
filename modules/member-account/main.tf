# The role with which the rotation function of another account manages the certificates of this one.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Asks no API. Its region is an attribute of every supported provider: 6 deprecates `name` and `id` of aws_region, 5 has no `region` there.
data "aws_service" "acm" {
  service_id = "acm"
}

locals {
  _zone_arns = (
    var.hosted_zone_ids == null
    ? ["arn:${data.aws_partition.current.partition}:route53:::hostedzone/*"]
    : [for id in sort(coalesce(var.hosted_zone_ids, [])) : "arn:${data.aws_partition.current.partition}:route53:::hostedzone/${id}"]
  )
}

module "certificate_access" {
  source = "../certificate-access"

  account_id      = data.aws_caller_identity.current.account_id
  allowed_domains = var.allowed_domains
  # Always: unless `hosted_zones` is set, the function lists the zones of each account.
  find_zones       = true
  include_domains  = var.scope.include.domains
  name_prefix      = var.name_prefix
  partition        = data.aws_partition.current.partition
  rebind_consumers = var.rebind_consumers
  regions          = length(var.regions) == 0 ? [data.aws_service.acm.region] : sort(var.regions)
  # The function never deletes certificates of other accounts.
  retire_superseded       = false
  rotation_mode           = var.rotation_mode
  unmanaged_rotation_mode = var.unmanaged_rotation_mode
  zone_arns               = local._zone_arns
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Lets ${var.rotation_role_arn} manage the certificates of this account."
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTheRotationFunctionIn"
      Effect    = "Allow"
      Action    = ["sts:AssumeRole"]
      Principal = { AWS = var.rotation_role_arn }
      Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = var.name
  role   = aws_iam_role.this.name
  policy = module.certificate_access.policy_json

  lifecycle {
    # IAM's limit for the inline policies of a role.
    precondition {
      condition     = length(module.certificate_access.policy_json) <= 10240
      error_message = "The policy of ${var.name} must stay within IAM's 10240 characters, got ${length(module.certificate_access.policy_json)}; use fewer regions, zones or domains (allowed_domains, scope.include), or a common parent of the domains."
    }
  }
}
