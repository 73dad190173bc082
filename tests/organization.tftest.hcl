# The state machine for an organization: its definition and its schedule.

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

run "the_state_machine_lists_scans_and_aggregates" {
  command = apply

  assert {
    condition     = keys(jsondecode(module.organization[0].definition_json).States) == ["Aggregate", "ListAccounts", "ScanAccounts"]
    error_message = "A run must have three steps."
  }

  assert {
    condition = jsondecode(module.organization[0].definition_json).States.ListAccounts.Parameters.Payload.organization == {
      accounts          = ["222222222222", "333333333333"]
      excluded_accounts = ["444444444444"]
      "input.$"         = "$$.Execution.Input"
      "run.$"           = "$$.Execution.Name"
      "started_at.$"    = "$$.Execution.StartTime"
      step              = "list"
    }
    error_message = "The first step must receive the given and the excluded accounts."
  }

  assert {
    condition = (
      jsondecode(module.organization[0].definition_json).States.ScanAccounts.MaxConcurrency == 7
      && jsondecode(module.organization[0].definition_json).States.ScanAccounts.ToleratedFailurePercentage == 20
      && jsondecode(module.organization[0].definition_json).States.ScanAccounts.ItemProcessor.ProcessorConfig.Mode == "DISTRIBUTED"
    )
    error_message = "A distributed map must scan the accounts within the given limits."
  }

  assert {
    condition = (
      jsondecode(module.organization[0].definition_json).States.ScanAccounts.Catch[0].Next == "Aggregate"
      && jsondecode(module.organization[0].definition_json).States.ScanAccounts.Catch[0].ErrorEquals == ["States.ALL"]
    )
    error_message = "The message must be sent even if accounts fail."
  }

  assert {
    # Only errors of Lambda itself are retried.
    condition = alltrue([
      for retry in jsondecode(module.organization[0].definition_json).States.ScanAccounts.ItemProcessor.States.ScanAccount.Retry :
      alltrue([for error in retry.ErrorEquals : startswith(error, "Lambda.")])
    ])
    error_message = "A failed scan must not be retried."
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
    error_message = "The function must receive the bucket and the role of the accounts."
  }
}

run "the_schedule_starts_only_the_state_machine" {
  command = apply

  assert {
    condition     = length(module.schedule) == 0 && output.schedule_rule_arn == module.organization[0].rule_arn
    error_message = "With an organization, no schedule must start the function, or this account would be scanned twice."
  }

  assert {
    condition     = length(module.acm_events) == 1
    error_message = "ACM events must still start the function."
  }
}

run "alarms_are_optional" {
  command = apply

  variables {
    alarms = false
  }

  assert {
    condition     = output.organization_state_machine_arn != null
    error_message = "The state machine must exist without alarms."
  }
}

run "without_an_organization_there_is_no_state_machine" {
  command = apply

  variables {
    organization = null
  }

  assert {
    condition     = length(module.organization) == 0 && output.organization_state_machine_arn == null && length(module.schedule) == 1
    error_message = "Without an organization, the schedule must start the function."
  }

  assert {
    condition     = local.organization_json == "{}"
    error_message = "Without an organization, the function's setting must be empty."
  }
}
