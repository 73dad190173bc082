# What looking after the certificates of one account takes, and what mending and replacing them takes on top.
# The rotation function's own role and the roles that other accounts offer it are granted the very same.

locals {
  _certificates = [for region in var.regions : "arn:${var.partition}:acm:${region}:${var.account_id}:certificate/*"]

  _mends    = var.rotation_mode != "notify"
  _replaces = var.rotation_mode == "replace"

  _read = [
    {
      Sid    = "ListCertificates"
      Effect = "Allow"
      Action = ["acm:ListCertificates", "acm:SearchCertificates"]
      # "*": AWS defines no resource type for these actions.
      Resource = ["*"]
    },
    {
      Sid      = "ReadCertificates"
      Effect   = "Allow"
      Action   = ["acm:DescribeCertificate", "acm:ListTagsForCertificate"]
      Resource = local._certificates
    },
    {
      Sid    = "ListOtherStores"
      Effect = "Allow"
      Action = ["acm-pca:ListCertificateAuthorities", "iam:ListServerCertificates"]
      # "*": AWS defines no resource type for these actions.
      Resource = ["*"]
    },
    {
      Sid      = "ReadServerCertificates"
      Effect   = "Allow"
      Action   = ["iam:GetServerCertificate"]
      Resource = ["arn:${var.partition}:iam::${var.account_id}:server-certificate/*"]
    },
    {
      Sid      = "ReadPermissionsOfAuthorities"
      Effect   = "Allow"
      Action   = ["acm-pca:ListPermissions"]
      Resource = [for region in var.regions : "arn:${var.partition}:acm-pca:${region}:${var.account_id}:certificate-authority/*"]
    },
  ]

  _mend = [for statement in [{
    Sid    = "MendEmailValidation"
    Effect = "Allow"
    Action = [
      "acm:ListCertificateDomainValidations",
      "acm:ResendValidationEmail",
      "acm:UpdateCertificateOptions",
    ]
    Resource = local._certificates
  }] : statement if local._mends]

  _find_zones = [for statement in [{
    Sid    = "FindPublicHostedZones"
    Effect = "Allow"
    Action = ["route53:ListHostedZones"]
    # "*": AWS defines no resource type for this action.
    Resource = ["*"]
  }] : statement if var.find_zones]

  _read_records = [for statement in [{
    Sid      = "ReadValidationRecords"
    Effect   = "Allow"
    Action   = ["route53:ListResourceRecordSets"]
    Resource = var.zone_arns
  }] : statement if length(var.zone_arns) > 0]

  _restore_records = [for statement in [{
    Sid      = "RestoreValidationRecords"
    Effect   = "Allow"
    Action   = ["route53:ChangeResourceRecordSets"]
    Resource = var.zone_arns
    Condition = {
      "ForAllValues:StringEquals" = {
        "route53:ChangeResourceRecordSetsActions"     = ["UPSERT"]
        "route53:ChangeResourceRecordSetsRecordTypes" = ["CNAME"]
      }
      "ForAllValues:StringLike" = {
        # Any name: every certificate of the account is looked after, whoever requested it.
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["_*"]
      }
      # ForAllValues is also true when the key is absent from the request; `Null` closes that door.
      Null = {
        "route53:ChangeResourceRecordSetsActions"               = "false"
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = "false"
        "route53:ChangeResourceRecordSetsRecordTypes"           = "false"
      }
    }
  }] : statement if local._mends && length(var.zone_arns) > 0]

  # A successor names in a tag what it replaces; without that tag nothing can be requested.
  _successor_tag_present = { "aws:RequestTag/certificate-lifecycle:replaces" = "false" }
  _replace = [for statement in [
    {
      Sid      = "RequestPublicSuccessors"
      Effect   = "Allow"
      Action   = ["acm:RequestCertificate"]
      Resource = local._certificates
      Condition = {
        Null         = merge(local._successor_tag_present, { "acm:CertificateAuthority" = "true" })
        StringEquals = { "acm:ValidationMethod" = "DNS" }
      }
    },
    {
      # A private authority validates nothing, so there is no validation method to pin.
      Sid       = "RequestPrivateSuccessors"
      Effect    = "Allow"
      Action    = ["acm:RequestCertificate"]
      Resource  = local._certificates
      Condition = { Null = merge(local._successor_tag_present, { "acm:CertificateAuthority" = "false" }) }
    },
    {
      # ACM checks this one too when a request carries tags.
      Sid       = "TagSuccessors"
      Effect    = "Allow"
      Action    = ["acm:AddTagsToCertificate"]
      Resource  = local._certificates
      Condition = { Null = local._successor_tag_present }
    },
  ] : statement if local._replaces]

  _retire = [for statement in [
    {
      Sid      = "MarkWhatIsReplaced"
      Effect   = "Allow"
      Action   = ["acm:AddTagsToCertificate"]
      Resource = local._certificates
      Condition = {
        "ForAllValues:StringEquals" = { "aws:TagKeys" = ["certificate-lifecycle:replaced-by"] }
        Null                        = { "aws:TagKeys" = "false" }
      }
    },
    {
      Sid       = "DeleteWhatIsMarked"
      Effect    = "Allow"
      Action    = ["acm:DeleteCertificate"]
      Resource  = local._certificates
      Condition = { Null = { "aws:ResourceTag/certificate-lifecycle:replaced-by" = "false" } }
    },
  ] : statement if var.retire_superseded]

  _load_balancing = [for region in var.regions : "arn:${var.partition}:elasticloadbalancing:${region}:${var.account_id}"]
  _domains_apis   = [for region in var.regions : "arn:${var.partition}:apigateway:${region}::/domainnames"]
  _domain_names = concat(
    [for api in local._domains_apis : "${api}/*"],
    # Only private domain names have the account in their ARN.
    [for region in var.regions : "arn:${var.partition}:apigateway:${region}:${var.account_id}:/domainnames/*"],
  )
  # In every mode: a finding says who uses the certificate.
  _name_users = [
    {
      Sid    = "FindListeners"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
      ]
      # "*": AWS defines no resource type for these actions.
      Resource = ["*"]
    },
    {
      Sid      = "FindDomainNames"
      Effect   = "Allow"
      Action   = ["apigateway:GET"]
      Resource = local._domains_apis
    },
  ]
  _name_users_at_the_edge = [for statement in [{
    Sid      = "FindDistributions"
    Effect   = "Allow"
    Action   = ["cloudfront:GetDistribution"]
    Resource = ["arn:${var.partition}:cloudfront::${var.account_id}:distribution/*"]
  }] : statement if contains(var.regions, "us-east-1")]

  _rebind = [for statement in [
    {
      Sid    = "MoveListeners"
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:RemoveListenerCertificates",
      ]
      Resource = flatten([for arn in local._load_balancing : ["${arn}:listener/app/*", "${arn}:listener/net/*"]])
    },
    {
      Sid      = "MoveClassicListeners"
      Effect   = "Allow"
      Action   = ["elasticloadbalancing:SetLoadBalancerListenerSSLCertificate"]
      Resource = [for arn in local._load_balancing : "${arn}:loadbalancer/*"]
    },
    {
      Sid    = "MoveDomainNames"
      Effect = "Allow"
      # GET: what was changed is read back.
      Action = [
        "apigateway:AddCertificateToDomain",
        "apigateway:GET",
        "apigateway:PATCH",
        "apigateway:RemoveCertificateFromDomain",
      ]
      Resource = local._domain_names
    },
  ] : statement if var.rebind_consumers]

  # What CloudFront stands behind takes certificates of us-east-1 alone.
  _user_pools = "arn:${var.partition}:cognito-idp:us-east-1:${var.account_id}:userpool/*"
  _rebind_at_the_edge = [for statement in [
    {
      Sid    = "MoveDistributions"
      Effect = "Allow"
      Action = ["cloudfront:UpdateDistribution"]
      # "*": the distributions behind edge-optimised domain names and user pools are AWS's own, and both services ask for this action on no narrower resource.
      Resource = ["*"]
    },
    {
      Sid    = "FindUserPoolDomains"
      Effect = "Allow"
      Action = ["cognito-idp:DescribeUserPoolDomain", "cognito-idp:ListUserPools"]
      # "*": AWS defines no resource type for these actions.
      Resource = ["*"]
    },
    {
      Sid      = "MoveUserPoolDomains"
      Effect   = "Allow"
      Action   = ["cognito-idp:DescribeUserPool", "cognito-idp:UpdateUserPoolDomain"]
      Resource = [local._user_pools]
    },
  ] : statement if var.rebind_consumers && contains(var.regions, "us-east-1")]
}
