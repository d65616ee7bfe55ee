data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  prefix     = "headwater-${var.stage}-"
  account_id = data.aws_caller_identity.current.account_id
  tags       = { app = "headwater", stage = var.stage, version = var.app_version }

  public_host = var.domain_name != "" ? var.domain_name : module.cdn.domain_name
  public_url  = "https://${local.public_host}"

  rest_domain      = "${aws_api_gateway_rest_api.rest_api.id}.execute-api.${var.region}.amazonaws.com"
  websocket_domain = "${aws_apigatewayv2_api.websocket_api.id}.execute-api.${var.region}.amazonaws.com"

  # Browsers upload to the bucket itself and ask the issuer; nothing else but their own origin.
  connect = concat([module.storage.source_origin], module.identity.origins)
}

module "storage" {
  source = "./modules/storage"

  prefix           = local.prefix
  suffix           = var.bucket_suffix != "" ? var.bucket_suffix : local.account_id
  protect          = var.protect_data
  cold_after_days  = var.cold_after_days
  public_url       = local.public_url
  distribution_arn = module.cdn.arn
  notify           = { for name, queue in var.queues : name => { arn = module.queues.arns[name], prefix = queue.from_s3 } if queue.from_s3 != null }

  depends_on_policies = module.queues.policies
}

module "tables" {
  source = "./modules/tables"

  prefix  = local.prefix
  tables  = var.tables
  protect = var.protect_data
}

module "queues" {
  source = "./modules/queues"

  queues     = var.queues
  bucket_arn = module.storage.source_arn
  account_id = local.account_id
}

module "identity" {
  source = "./modules/identity"

  prefix     = local.prefix
  suffix     = local.account_id
  region     = var.region
  public_url = local.public_url
  protect    = var.protect_data
  oidc       = var.oidc
}

module "events" {
  source = "./modules/events"

  prefix = local.prefix
}

module "rest" {
  source = "./modules/rest"

  rest_api_id = aws_api_gateway_rest_api.rest_api.id
  stage_name  = aws_api_gateway_stage.rest_api.stage_name
  rate        = var.api_rate
  burst       = var.api_burst
}

module "ingest" {
  source = "./modules/ingest"

  prefix        = local.prefix
  region        = var.region
  partition     = data.aws_partition.current.partition
  account_id    = local.account_id
  function_name = "${var.functions["ingest_authorizer"].name}${local.snapshot}"
  bucket        = module.storage.source_bucket
  bucket_arn    = module.storage.source_arn
}

resource "aws_lambda_permission" "ingest_authorizer" {
  function_name = aws_lambda_function.ingest_authorizer.function_name
  qualifier     = var.snap_start ? aws_lambda_alias.live["ingest_authorizer"].name : null
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${module.ingest.execution_arn}/authorizers/*" # one API's authorizers; the only one there is
}

module "cdn" {
  source = "./modules/cdn"

  prefix          = local.prefix
  aliases         = var.domain_name != "" ? [var.domain_name] : []
  certificate_arn = var.certificate_arn
  price_class     = var.price_class
  web_acl_arn     = one(module.firewall[*].arn)
  public_key      = var.cdn_public_key
  edge_secret     = data.aws_secretsmanager_secret_version.edge.secret_string
  media_domain    = module.storage.media_domain
  site_domain     = module.storage.site_domain
  rest_domain     = local.rest_domain
  ingest_domain   = module.ingest.domain
  socket_domain   = local.websocket_domain
  pages           = var.pages
  page_headers    = var.page_headers
  connect         = local.connect
}

module "firewall" {
  source    = "./modules/firewall"
  count     = var.firewall ? 1 : 0
  providers = { aws = aws.us_east_1 }

  prefix = local.prefix
  rate   = var.firewall_rate
}

module "site" {
  source = "./modules/site"

  bucket = module.storage.site_bucket
  folder = "${path.root}/site"
  files  = var.site_files
  config = {
    stage   = var.stage
    version = var.app_version
    auth    = module.identity.client
  }
}

module "alarms" {
  source = "./modules/alarms"

  prefix      = local.prefix
  region      = var.region
  email       = var.alarm_email
  budget_usd  = var.budget_usd
  stage       = var.stage
  functions   = var.functions
  queues      = var.queues
  rest_api    = aws_api_gateway_rest_api.rest_api.name
  ingest_api  = module.ingest.name
  socket_api  = aws_apigatewayv2_api.websocket_api.id
  distributed = module.cdn.id

  cost_per_minute_usd = var.cost_per_minute_usd
}

resource "aws_route53_record" "site" {
  for_each = var.domain_name != "" && var.hosted_zone_id != "" ? toset(["A", "AAAA"]) : []

  zone_id = var.hosted_zone_id
  name    = var.domain_name
  type    = each.key

  alias {
    name                   = module.cdn.domain_name
    zone_id                = module.cdn.zone_id
    evaluate_target_health = false
  }
}
