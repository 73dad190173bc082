# The state table: sent notifications and the progress of each replacement.

resource "aws_dynamodb_table" "this" {
  # checkov:skip=CKV_AWS_119:it contains ARNs, states and messages, and DynamoDB's own key needs no permission and is free
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "scope"
  range_key    = "entry"
  # Without the table, open findings are sent again, and replacements find their successor in ACM.
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "scope"
    type = "S"
  }

  attribute {
    name = "entry"
    type = "S"
  }

  # Expires history. Open items do not have the attribute.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }
}
