# What is remembered between runs: what was told, and how far each replacement has come.

resource "aws_dynamodb_table" "this" {
  # checkov:skip=CKV_AWS_119:it holds ARNs, states and sentences, and DynamoDB's own key costs neither a grant nor money
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "scope"
  range_key    = "entry"
  # Off, so that the stack can be destroyed: a lost ledger costs memory, and a replacement finds its successor again by looking.
  deletion_protection_enabled = false
  tags                        = var.tags

  attribute {
    name = "scope"
    type = "S"
  }

  attribute {
    name = "entry"
    type = "S"
  }

  # History ends by itself; what is open has no such attribute.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }
}
