# Who may sign in: a Cognito pool of our own, or any OpenID Connect issuer. Either way functions and pages get the same facts.

variable "prefix" { type = string }
variable "suffix" { type = string }
variable "region" { type = string }
variable "public_url" { type = string }
variable "protect" { type = bool }
variable "oidc" {
  type = object({
    issuer     = string
    client_id  = string
    audience   = string
    jwks_url   = string
    role_claim = string
    scope      = string
    connect    = list(string)
  })
}

locals {
  own    = var.oidc == null
  groups = { publisher = "Uploads and streams", admin = "Sees and does everything", viewer = "Watches" }
}

resource "aws_cognito_user_pool" "people" {
  count = local.own ? 1 : 0

  name                     = "${var.prefix}people"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  deletion_protection      = var.protect ? "ACTIVE" : "INACTIVE"
  mfa_configuration        = "OPTIONAL"

  # Whoever may publish pays for what is encoded: people are let in by an administrator.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  software_token_mfa_configuration {
    enabled = true
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = false
    require_numbers                  = false
    require_symbols                  = false
    require_uppercase                = false
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }
}

resource "aws_cognito_user_group" "role" {
  for_each = local.own ? local.groups : {}

  name         = each.key
  description  = each.value
  user_pool_id = aws_cognito_user_pool.people[0].id
}

resource "aws_cognito_user_pool_domain" "people" {
  count = local.own ? 1 : 0

  domain       = "${var.prefix}${var.suffix}"
  user_pool_id = aws_cognito_user_pool.people[0].id
}

resource "aws_cognito_user_pool_client" "pages" {
  count = local.own ? 1 : 0

  name                                 = "pages"
  user_pool_id                         = aws_cognito_user_pool.people[0].id
  generate_secret                      = false
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = ["openid", "email", "profile"]
  supported_identity_providers         = ["COGNITO"]
  callback_urls                        = ["${var.public_url}/signed-in"]
  logout_urls                          = ["${var.public_url}/"]
  explicit_auth_flows                  = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true
  access_token_validity                = 8
  id_token_validity                    = 8
  refresh_token_validity               = 1

  token_validity_units {
    access_token  = "hours"
    id_token      = "hours"
    refresh_token = "days"
  }
}

locals {
  issuer = local.own ? "https://cognito-idp.${var.region}.amazonaws.com/${aws_cognito_user_pool.people[0].id}" : var.oidc.issuer
  client = local.own ? aws_cognito_user_pool_client.pages[0].id : var.oidc.client_id
  claim  = local.own ? "cognito:groups" : var.oidc.role_claim
  scope  = local.own ? "openid email profile" : var.oidc.scope

  # The discovery document is the issuer's, the token endpoint the domain's.
  origins = local.own ? [
    "https://cognito-idp.${var.region}.amazonaws.com",
    "https://${aws_cognito_user_pool_domain.people[0].domain}.auth.${var.region}.amazoncognito.com",
  ] : distinct(concat([join("/", slice(split("/", var.oidc.issuer), 0, 3))], var.oidc.connect))
}

output "issuer" { value = local.issuer }
output "audience" { value = local.own ? local.client : coalesce(var.oidc.audience, var.oidc.client_id) }
output "jwks_url" { value = local.own ? "${local.issuer}/.well-known/jwks.json" : var.oidc.jwks_url }
output "role_claim" { value = local.claim }
output "origins" { value = local.origins }
output "user_pool_id" { value = one(aws_cognito_user_pool.people[*].id) }
output "client" {
  value = {
    kind       = "oidc"
    authority  = local.issuer
    client_id  = local.client
    scope      = local.scope
    role_claim = local.claim
  }
}
