# The permissions to monitor, repair and replace the certificates of one account.
# The role of the rotation function and the roles of other accounts have the same statements.

locals {
  _certificates = [for region in var.regions : "arn:${var.partition}:acm:${region}:${var.account_id}:certificate/*"]

  # Managed: this instance issued it, by its tag and its names. Without allowed domains, nothing is managed.
  _repairs_managed  = var.rotation_mode != "notify" && length(var.allowed_domains) > 0
  _replaces_managed = var.rotation_mode == "replace" && length(var.allowed_domains) > 0
  # All other certificates, never with more than rotation_mode allows.
  _repairs_unmanaged  = var.rotation_mode != "notify" && var.unmanaged_rotation_mode != "notify"
  _replaces_unmanaged = var.rotation_mode == "replace" && var.unmanaged_rotation_mode == "replace"

  _repairs  = local._repairs_managed || local._repairs_unmanaged
  _replaces = local._replaces_managed || local._replaces_unmanaged

  # Requests and records have names, and no tags of the certificate that they are for.
  # A scope without domains therefore allows any name.
  _any_name = length(var.include_domains) == 0

  # Without names below another plain name, because a policy has a size limit.
  _widest_domains = {
    for kind, domains in { allowed = var.allowed_domains, included = var.include_domains } : kind => [
      for domain in distinct(domains) : domain if !anytrue([for other in domains : endswith(domain, ".${other}")])
    ]
  }

  # A plain name allows itself and all names below it; a wildcard only the names below it.
  _names = {
    for kind, domains in local._widest_domains : kind => distinct(flatten([
      for domain in domains : startswith(domain, "*.") ? [domain] : [domain, "*.${domain}"]
    ]))
  }

  # A wildcard shares the validation record of its base name.
  _records = {
    for kind, domains in local._widest_domains : kind => distinct([for domain in domains : "*.${trimprefix(domain, "*.")}"])
  }

  _managed_by = { "aws:ResourceTag/ManagedBy" = var.name_prefix }

  _rebinds             = var.rebind_consumers && local._replaces
  _rebinds_at_the_edge = local._rebinds && contains(var.regions, "us-east-1")

  # A policy has a size limit, and an action applies only to resources of its own service: reads are two statements.
  # They are for all regions, because a declared certificate may be in a region that is not monitored. Writes are for the monitored regions.
  _read = [
    {
      Sid    = "ListAccount"
      Effect = "Allow"
      Action = concat(
        [
          "acm:ListAcmeEndpoints",
          "acm:ListCertificates",
          "acm:SearchCertificates",
          "acm-pca:GetCertificateAuthorityCertificate", # of a CA that another account may share
          "acm-pca:ListCertificateAuthorities",
          "elasticloadbalancing:DescribeListenerCertificates",
          "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeTags",
          "iam:ListServerCertificates",
          "tag:GetResources",
        ],
        var.find_zones ? ["route53:ListHostedZones"] : [],
        local._rebinds_at_the_edge ? [
          "amplify:ListApps",
          "cloudfront:ListDistributionTenantsByCustomization",
          "cognito-idp:DescribeUserPoolDomain",
          "cognito-idp:ListUserPools",
        ] : [],
      )
      # "*": AWS defines no resource type for these actions.
      Resource = ["*"]
    },
    {
      Sid    = "ReadAccount"
      Effect = "Allow"
      Action = concat(
        [
          "acm:DescribeAcmeDomainValidation",
          "acm:DescribeCertificate",
          "acm:ListAcmeDomainValidations",
          "acm:ListAcmeExternalAccountBindings",
          "acm:ListTagsForCertificate",
          "acm:ListTagsForResource",
          "acm-pca:ListPermissions",
          # In every mode, because findings name the consumers of a certificate.
          "apigateway:GET",
          "iam:GetServerCertificate",
        ],
        # The records of a migration from e-mail. AWS documents no condition key for this action.
        local._repairs ? ["acm:ListCertificateDomainValidations"] : [],
        contains(var.regions, "us-east-1") ? ["cloudfront:GetDistribution"] : [],
        local._rebinds_at_the_edge ? [
          "amplify:GetDomainAssociation",
          "amplify:ListDomainAssociations",
          "cognito-idp:DescribeUserPool",
        ] : [],
        length(var.zone_arns) > 0 ? ["route53:ListResourceRecordSets"] : [],
      )
      Resource = concat(
        [
          "arn:${var.partition}:acm:*:${var.account_id}:acme-endpoint/*",
          "arn:${var.partition}:acm:*:${var.account_id}:certificate/*",
          "arn:${var.partition}:acm-pca:*:${var.account_id}:certificate-authority/*",
          "arn:${var.partition}:apigateway:*::/domainnames",
          "arn:${var.partition}:iam::${var.account_id}:server-certificate/*",
        ],
        contains(var.regions, "us-east-1") ? ["arn:${var.partition}:cloudfront::${var.account_id}:distribution/*"] : [],
        # The function reads a domain name before and after a change. An edge-optimised one is in any region.
        local._rebinds ? [
          "arn:${var.partition}:apigateway:*::/domainnames/*",
          "arn:${var.partition}:apigateway:*:${var.account_id}:/domainnames/*",
        ] : [],
        local._rebinds_at_the_edge ? [
          "arn:${var.partition}:amplify:*:${var.account_id}:apps/*",
          "arn:${var.partition}:cognito-idp:*:${var.account_id}:userpool/*",
        ] : [],
        var.zone_arns,
      )
    },
  ]

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

  # Empty: any domain.
  _record_patterns = local._repairs_unmanaged && local._any_name ? [] : distinct(concat(
    local._repairs_managed ? local._records.allowed : [],
    local._repairs_unmanaged ? local._records.included : [],
  ))

  _restore_records = [for statement in [
    {
      Sid      = "RestoreValidationRecords"
      Effect   = "Allow"
      Action   = ["route53:ChangeResourceRecordSets"]
      Resource = var.zone_arns
      Condition = merge(
        {
          "ForAllValues:StringEquals" = {
            "route53:ChangeResourceRecordSetsActions"     = ["UPSERT"]
            "route53:ChangeResourceRecordSetsRecordTypes" = ["CNAME"]
          }
          "ForAllValues:StringLike" = {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["${local._validation_label}.*"]
          }
          # ForAllValues is also true if the key is absent from the request; `Null` excludes that case.
          Null = {
            "route53:ChangeResourceRecordSetsActions"               = "false"
            "route53:ChangeResourceRecordSetsNormalizedRecordNames" = "false"
            "route53:ChangeResourceRecordSetsRecordTypes"           = "false"
          }
        },
        # A condition has each operator once. The key is always present, see `Null`, so this operator is the same.
        { for operator in ["ForAllValues:StringLikeIfExists"] : operator => {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames" = local._record_patterns
        } if length(local._record_patterns) > 0 },
      )
    },
    local._refuse_other_records,
  ] : statement if local._repairs && length(var.zone_arns) > 0]

  _repair = [for statement in [merge(
    {
      Sid    = "RepairValidation"
      Effect = "Allow"
      # Migrate e-mail validation, or repeat it.
      Action   = ["acm:ResendValidationEmail", "acm:UpdateCertificateOptions"]
      Resource = local._certificates
    },
    { for element in ["Condition"] : element => { StringEquals = local._managed_by } if !local._repairs_unmanaged },
  )] : statement if local._repairs]

  # A tag of each successor names the replaced certificate. Requests without the tag are denied.
  _successor_tag_present = { "aws:RequestTag/certificate-lifecycle:replaces" = "false" }

  _request_managed = [for statement in [{
    Sid      = "RequestSuccessors"
    Effect   = "Allow"
    Action   = ["acm:RequestCertificate"]
    Resource = local._certificates
    Condition = {
      "ForAllValues:StringLike" = { "acm:DomainNames" = local._names.allowed }
      Null                      = merge(local._successor_tag_present, { "acm:DomainNames" = "false" })
      # A successor has the tags of the replaced certificate.
      StringEquals = { "aws:RequestTag/ManagedBy" = var.name_prefix }
    }
    # Unmanaged ones of any name include these.
  }] : statement if local._replaces_managed && !(local._replaces_unmanaged && local._any_name)]

  _request_unmanaged = [for statement in [{
    Sid      = "RequestUnmanagedSuccessors"
    Effect   = "Allow"
    Action   = ["acm:RequestCertificate"]
    Resource = local._certificates
    Condition = merge(
      { Null = merge(local._successor_tag_present, { for key in ["acm:DomainNames"] : key => "false" if !local._any_name }) },
      { for operator in ["ForAllValues:StringLike"] : operator => { "acm:DomainNames" = local._names.included } if !local._any_name },
    )
  }] : statement if local._replaces_unmanaged]

  # A private CA does no validation. A denial has the condition once, where each statement above would have to repeat its names.
  _refuse_other_validation = {
    Sid      = "RefuseOtherValidation"
    Effect   = "Deny"
    Action   = ["acm:RequestCertificate"]
    Resource = ["arn:${var.partition}:acm:*:${var.account_id}:certificate/*"]
    Condition = {
      Null            = { "acm:CertificateAuthority" = "true" }
      StringNotEquals = { "acm:ValidationMethod" = "DNS" }
    }
  }

  _replace = [for statement in [
    local._refuse_other_validation,
    {
      # ACM also requires this permission if a request has tags.
      Sid      = "TagSuccessors"
      Effect   = "Allow"
      Action   = ["acm:AddTagsToCertificate"]
      Resource = local._certificates
      Condition = merge(
        { Null = local._successor_tag_present },
        { for operator, keys in {
          StringEquals = { "aws:RequestTag/ManagedBy" = var.name_prefix }
          # A new certificate has no tags yet. Certificates of other tools and instances have their own value.
          StringEqualsIfExists = local._managed_by
        } : operator => keys if !local._replaces_unmanaged },
      )
    },
  ] : statement if local._replaces]

  _retire = [for statement in [
    {
      Sid      = "MarkReplaced"
      Effect   = "Allow"
      Action   = ["acm:AddTagsToCertificate"]
      Resource = local._certificates
      Condition = merge(
        {
          "ForAllValues:StringEquals" = { "aws:TagKeys" = ["certificate-lifecycle:replaced-by"] }
          Null                        = { "aws:TagKeys" = "false" }
        },
        local._of_what_is_replaced,
      )
    },
    {
      Sid      = "DeleteReplaced"
      Effect   = "Allow"
      Action   = ["acm:DeleteCertificate"]
      Resource = local._certificates
      Condition = merge(
        { Null = { "aws:ResourceTag/certificate-lifecycle:replaced-by" = "false" } },
        local._of_what_is_replaced,
      )
    },
  ] : statement if var.retire_superseded && local._replaces]

  _of_what_is_replaced = { for operator in ["StringEquals"] : operator => local._managed_by if !local._replaces_unmanaged }

  # One statement for all services, because a policy has a size limit. An action applies only to its own types of resources.
  _rebind = [for statement in [{
    Sid    = "MoveConsumers"
    Effect = "Allow"
    Action = concat(
      [
        "apigateway:AddCertificateToDomain",
        "apigateway:PATCH",
        "apigateway:RemoveCertificateFromDomain",
        "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:RemoveListenerCertificates",
        "elasticloadbalancing:SetLoadBalancerListenerSSLCertificate",
      ],
      # Edge consumers support only certificates of us-east-1, and are in any region. Those of the monitored regions are changed.
      local._rebinds_at_the_edge ? [
        "amplify:UpdateDomainAssociation",
        "cloudfront:GetDistributionTenant",
        "cloudfront:UpdateDistributionTenant",
        "cognito-idp:UpdateUserPoolDomain",
      ] : [],
    )
    Resource = concat(
      flatten([for region in var.regions : [
        "arn:${var.partition}:apigateway:${region}::/domainnames/*",
        "arn:${var.partition}:apigateway:${region}:${var.account_id}:/domainnames/*",
        "arn:${var.partition}:elasticloadbalancing:${region}:${var.account_id}:listener/app/*",
        "arn:${var.partition}:elasticloadbalancing:${region}:${var.account_id}:listener/net/*",
        "arn:${var.partition}:elasticloadbalancing:${region}:${var.account_id}:loadbalancer/*",
      ]]),
      local._rebinds_at_the_edge ? flatten([
        "arn:${var.partition}:cloudfront::${var.account_id}:distribution-tenant/*",
        [for region in var.regions : [
          "arn:${var.partition}:amplify:${region}:${var.account_id}:apps/*/domains/*",
          "arn:${var.partition}:cognito-idp:${region}:${var.account_id}:userpool/*",
        ]],
      ]) : [],
    )
  }] : statement if local._rebinds]

  _rebind_at_the_edge = [for statement in [
    {
      Sid    = "MoveDistributions"
      Effect = "Allow"
      Action = ["cloudfront:UpdateDistribution"]
      # "*": the distributions of edge-optimised domain names and user pools belong to AWS, and both services require this action on all resources.
      Resource = ["*"]
    },
  ] : statement if local._rebinds_at_the_edge]
}
