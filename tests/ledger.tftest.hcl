# The table in which rotation remembers.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name = "team-ledger"
  tags = { Team = "a" }
}

run "it_costs_by_use_forgets_history_and_can_be_restored" {
  command = apply

  module {
    source = "./modules/ledger"
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "A table that is used a few times a day must cost by use."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled
    error_message = "History must end by itself."
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "A journal that was damaged must be restorable."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "scope" && aws_dynamodb_table.this.range_key == "entry"
    error_message = "The keys are a contract with the function."
  }
}
