# modules/ledger: the state table.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  deletion_protection = false
  name                = "team-ledger"
  tags                = { Team = "a" }
}

run "the_table_is_billed_by_use_expires_history_and_can_be_restored" {
  command = apply

  module {
    source = "./modules/ledger"
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table must be billed by use."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled
    error_message = "History must expire."
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "The table must be restorable."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "scope" && aws_dynamodb_table.this.range_key == "entry"
    error_message = "The keys must be those that the function uses."
  }
}

run "the_table_can_be_protected" {
  command = apply

  module {
    source = "./modules/ledger"
  }

  variables {
    deletion_protection = true
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "DynamoDB must refuse to delete a protected table."
  }
}
