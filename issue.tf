# Issue on apply: each declared certificate, and the pointer that the functions move to its replacements.

locals {
  certificate_arns = { for key, certificate in module.certificate : key => certificate.certificate_arn }
}

# No `depends_on`: a pending change of the function would hide every ARN until apply.
module "certificate" {
  source   = "./modules/certificate"
  for_each = { for key, certificate in local.certificates : key => certificate if var.create && var.issue_on_apply }

  certificate_authority_arn = each.value.certificate_authority_arn
  certificate_usage         = each.value.certificate_usage
  creation_function_name    = module.creation[0].function_name
  domain_name               = each.value.domain_name
  exportable                = each.value.exportable
  include_www               = each.value.include_www
  key_algorithm             = each.value.key_algorithm
  name                      = each.key
  on_destroy                = each.value.on_destroy
  region                    = each.value.region
  root_hierarchy_type       = each.value.root_hierarchy_type
  subject_alternative_names = each.value.subject_alternative_names
  tags                      = merge(var.tags, each.value.tags)
}
