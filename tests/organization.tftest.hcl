# The state machine over the accounts of an organization: its definition, and what starts it instead of the function.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "shop.example.com"

  organization = {
    account_ids                  = ["333333333333", "222222222222"]
    excluded_account_ids         = ["444444444444"]
    external_id                  = "x-1"
    max_concurrency              = 7
    organization_id              = "o-a1b2c3d4e5"
    rebind_consumers             = true
    role_name                    = "certificates"
    rotation_mode                = "repair"
    tolerated_failure_percentage = 20
  }
}

run "the_state_machine_lists_looks_and_tells" {
  command = apply

  assert {
    condition     = keys(jsondecode(module.organization[0].definition_json).States) == ["ListAccounts", "ScanAccounts", "Aggregate"]
    error_message = "A run must have three steps."
  }

  assert {
    condition = jsondecode(module.organization[0].definition_json).States.ListAccounts.Parameters.Payload.organization == {
      accounts          = ["222222222222", "333333333333"]
      excluded_accounts = ["444444444444"]
      "run.$"           = "$$.Execution.Name"
      "started_at.$"    = "$$.Execution.StartTime"
      step              = "list"
      "input.$"        = "$$.Execution.Input"
    }
    error_message = "The first step must be told which accounts are given and which are left out."
  }

  assert {
    condition = (
      jsondecode(module.organization[0].definition_json).States.ScanAccounts.MaxConcurrency == 7
      && jsondecode(module.organization[0].definition_json).States.ScanAccounts.ToleratedFailurePercentage == 20
      && jsondecode(module.organization[0].definition_json).States.ScanAccounts.ItemProcessor.ProcessorConfig.Mode == "DISTRIBUTED"
    )
    error_message = "Accounts must be looked at by a distributed map within the caller's limits."
  }

  assert {
    condition = (
      jsondecode(module.organization[0].definition_json).States.ScanAccounts.Catch[0].Next == "Aggregate"
      && jsondecode(module.organization[0].definition_json).States.ScanAccounts.Catch[0].ErrorEquals == ["States.ALL"]
    )
    error_message = "Whatever becomes of the accounts, people must be told."
  }

  assert {
    # The function says of itself that it failed; only Lambda's own trouble is worth another try.
    condition = alltrue([
      for retry in jsondecode(module.organization[0].definition_json).States.ScanAccounts.ItemProcessor.States.ScanAccount.Retry :
      alltrue([for error in retry.ErrorEquals : startswith(error, "Lambda.")])
    ])
    error_message = "A look that failed must not be repeated."
  }

  assert {
    condition = jsondecode(local.organization_json) == {
      bucket           = "certificate-lifecycle-runs-123456789012"
      external_id      = "x-1"
      max_concurrency  = 7
      rebind_consumers = true
      role_name        = "certificates"
      rotation_mode    = "repair"
    }
    error_message = "The function must be told where to leave what it finds, and how every account is reached."
  }
}

run "the_clock_starts_the_state_machine_alone" {
  command = apply

  assert {
    condition     = length(module.schedule) == 0 && output.schedule_rule_arn == module.organization[0].rule_arn
    error_message = "With an organization no rule may start the function by the clock, or this account would be looked at twice."
  }

  assert {
    condition     = length(module.acm_events) == 1
    error_message = "ACM's own events must go on starting the function."
  }
}

run "alarms_can_be_left_out" {
  command = apply

  variables {
    alarms = false
  }

  assert {
    condition     = output.organization_state_machine_arn != null
    error_message = "The state machine must be there without alarms."
  }
}

run "without_an_organization_there_is_no_state_machine" {
  command = apply

  variables {
    organization = null
  }

  assert {
    condition     = length(module.organization) == 0 && output.organization_state_machine_arn == null && length(module.schedule) == 1
    error_message = "Without an organization the clock must start the function."
  }

  assert {
    condition     = local.organization_json == "{}"
    error_message = "Without an organization the function must know of none."
  }
}
