# The permissions to monitor, repair and replace the certificates of one account.
# The role of the rotation function and the roles of other accounts have the same statements.

locals {
  _certificates = [for region in var.regions : "arn:${var.partition}:acm:${region}:${var.account_id}:certificate/*"]

  _repairs  = var.rotation_mode != "notify"
  _replaces = var.rotation_mode == "replace"

  # Statements with one list of resources are one statement, because a policy has a size limit.
  _read = [
    {
      Sid    = "ListCertificatesAndListeners"
      Effect = "Allow"
      Action = [
        "acm:ListCertificates",
        "acm:SearchCertificates",
        "acm-pca:ListCertificateAuthorities",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "iam:ListServerCertificates",
      ]
      # "*": AWS defines no resource type for these actions.
      Resource = ["*"]
    },
    {
      Sid    = "AccessCertificates"
      Effect = "Allow"
      Action = concat(
        ["acm:DescribeCertificate", "acm:ListTagsForCertificate"],
        # Migrate e-mail validation, or repeat it.
        local._repairs ? ["acm:ListCertificateDomainValidations", "acm:ResendValidationEmail", "acm:UpdateCertificateOptions"] : [],
      )
      Resource = local._certificates
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

  # ACM's validation label: `_` and 32 hexadecimal digits.
  _validation_label = "_????????????????????????????????"

  # `?` also matches a dot, so the pattern above allows names such as `_acme-challenge.NAME.example.com` with a NAME of the right length.
  _other_names = concat(
    # A first label of at most 16 characters: `_acme-challenge`, `_dmarc`, `_mta-sts`, `_amazonses` and all others.
    [for length in range(1, 17) : "${substr(local._validation_label, 0, length)}.*"],
    [
      # A later label with an underscore: `_domainkey`, `_tls`, `_acme-challenge`. ACM issues for no such name.
      "*._*",
      # Longer labels: Cloudflare's `_cf-custom-hostname`, GitHub's `_github-pages-challenge-OWNER`, GitLab's
      # `_gitlab-pages-verification-code`, and the contacts of a domain for certificate authorities.
      "_cf-*", "_github-*", "_gitlab-*", "_validation-*",
    ],
  )

  _refuse_other_records = {
    Sid      = "RefuseOtherRecords"
    Effect   = "Deny"
    Action   = ["route53:ChangeResourceRecordSets"]
    Resource = ["arn:${var.partition}:route53:::hostedzone/*"]
    Condition = {
      "ForAnyValue:StringLike" = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = local._other_names
      }
    }
  }

  _restore_records = [for statement in [
    {
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
          # Any domain, because all certificates of the account are monitored.
          "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["${local._validation_label}.*"]
        }
        # ForAllValues is also true if the key is absent from the request; `Null` excludes that case.
        Null = {
          "route53:ChangeResourceRecordSetsActions"               = "false"
          "route53:ChangeResourceRecordSetsNormalizedRecordNames" = "false"
          "route53:ChangeResourceRecordSetsRecordTypes"           = "false"
        }
      }
    },
    local._refuse_other_records,
  ] : statement if local._repairs && length(var.zone_arns) > 0]

  # A tag of each successor names the replaced certificate. Requests without the tag are denied.
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
      # Private CAs do no validation, so there is no validation method to require.
      Sid       = "RequestPrivateSuccessors"
      Effect    = "Allow"
      Action    = ["acm:RequestCertificate"]
      Resource  = local._certificates
      Condition = { Null = merge(local._successor_tag_present, { "acm:CertificateAuthority" = "false" }) }
    },
    {
      # ACM also requires this permission if a request has tags.
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
  # In every mode, because findings name the consumers of a certificate.
  _describe_consumers = [
    {
      Sid      = "FindDomainNames"
      Effect   = "Allow"
      Action   = ["apigateway:GET"]
      Resource = local._domains_apis
    },
  ]
  _describe_edge_consumers = [for statement in [{
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
      # GET: the function reads the domain name again after a change.
      Action = [
        "apigateway:AddCertificateToDomain",
        "apigateway:GET",
        "apigateway:PATCH",
        "apigateway:RemoveCertificateFromDomain",
      ]
      Resource = local._domain_names
    },
  ] : statement if var.rebind_consumers]

  # Edge consumers support only certificates of us-east-1.
  _user_pools = "arn:${var.partition}:cognito-idp:us-east-1:${var.account_id}:userpool/*"
  _rebind_at_the_edge = [for statement in [
    {
      Sid    = "MoveDistributions"
      Effect = "Allow"
      Action = ["cloudfront:UpdateDistribution"]
      # "*": the distributions of edge-optimised domain names and user pools belong to AWS, and both services require this action on all resources.
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
