# One certificate: the request to the creation function, and the pointer to the certificate in use.

data "aws_default_tags" "this" {}

locals {
  # The functions set `ManagedBy`, and AWS reserves `aws:`.
  tags = {
    for key, value in merge(data.aws_default_tags.this.tags, var.tags) :
    key => value if key != "ManagedBy" && !startswith(lower(key), "aws:")
  }

  name_prefix = trimsuffix(var.creation_function_name, "-creation")

  # What ACM cannot change in place: another value is another certificate.
  # A root is left out if there is none, so that the requests of earlier versions stay the same.
  request = merge(
    {
      alt_names                 = var.subject_alternative_names
      certificate_authority_arn = var.certificate_authority_arn
      domain_name               = var.domain_name
      exportable                = var.exportable
      include_www               = var.include_www
      key_algorithm             = var.key_algorithm
      region                    = var.region
    },
    var.root_hierarchy_type == null ? {} : { root_hierarchy_type = var.root_hierarchy_type },
    var.certificate_usage == null ? {} : { certificate_usage = var.certificate_usage },
  )
}

# The functions write the value: Terraform never changes a parameter back.
resource "aws_ssm_parameter" "arn" {
  # checkov:skip=CKV2_AWS_34:an ARN is no secret
  name        = "/${local.name_prefix}/certificates/${var.name}/arn"
  description = "ARN of the certificate ${var.name}, written by the functions of ${local.name_prefix}."
  type        = "String"
  value       = "pending"
  tags        = var.tags

  lifecycle {
    ignore_changes = [value]
  }
}

# No `create_before_destroy`: the function and its role would inherit it, and a role keeps its name when its path changes.
resource "aws_lambda_invocation" "issue" {
  function_name = var.creation_function_name

  input = jsonencode(merge({ for key, value in local.request : key => value if value != null }, {
    # The id, because a parameter that Terraform creates again needs the certificate again.
    parameter      = aws_ssm_parameter.arn.id
    require_issued = true
    tags           = local.tags
    wait_seconds   = 600
  }))
}

# Always exists: removing the resource would delete the certificate also when `delete` becomes `keep`.
resource "aws_lambda_invocation" "delete" {
  function_name   = var.creation_function_name
  lifecycle_scope = var.on_destroy == "delete" ? "CRUD" : "CREATE_ONLY"

  input = jsonencode({
    delete    = true
    parameter = aws_ssm_parameter.arn.name
    # CRUD puts the action of Terraform here. CREATE_ONLY does not, and must not delete.
    tf = { action = "create" }
  })
}

# Its output is unknown, and the data source below is read during apply, only if another certificate is issued: new tags,
# or new code of the function, leave the consumers out of the plan.
resource "terraform_data" "issued" {
  input = { parameter = aws_ssm_parameter.arn.id, request = local.request }

  # Consumers are destroyed before the certificate.
  depends_on = [aws_lambda_invocation.delete, aws_lambda_invocation.issue]
}

data "aws_ssm_parameter" "arn" {
  name = terraform_data.issued.output.parameter
}
