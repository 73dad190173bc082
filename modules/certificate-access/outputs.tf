output "policy_json" {
  description = "IAM policy document with these permissions."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local._read,
      local._mend,
      local._find_zones,
      local._read_records,
      local._restore_records,
      local._name_users,
      local._name_users_at_the_edge,
      local._replace,
      local._retire,
      local._rebind,
      local._rebind_at_the_edge,
    )
  })
}
