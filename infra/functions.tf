# Beside what Chalice writes about the functions: their layers, their logs, their settings, their keys.

resource "aws_s3_object" "layer" {
  for_each = var.layers

  bucket      = module.storage.artifacts_bucket
  key         = "layers/${each.key}-${each.value}.zip"
  source      = "${path.root}/layers/${each.key}.zip"
  source_hash = each.value
}

# Through the bucket: the one call that takes an archive itself takes 50 MB. Old versions stay, so that a roll-back finds them.
resource "aws_lambda_layer_version" "python" {
  layer_name               = "${local.prefix}python"
  s3_bucket                = aws_s3_object.layer["python"].bucket
  s3_key                   = aws_s3_object.layer["python"].key
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]
  skip_destroy             = true
}

resource "aws_lambda_layer_version" "ffmpeg" {
  layer_name               = "${local.prefix}ffmpeg"
  s3_bucket                = aws_s3_object.layer["ffmpeg"].bucket
  s3_key                   = aws_s3_object.layer["ffmpeg"].key
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]
  skip_destroy             = true
}

resource "aws_lambda_layer_version" "probe" {
  layer_name               = "${local.prefix}probe"
  s3_bucket                = aws_s3_object.layer["probe"].bucket
  s3_key                   = aws_s3_object.layer["probe"].key
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]
  skip_destroy             = true
}

# Snapshots are taken of versions, so callers of these functions go to an alias for the newest (join.py, SNAPSHOTS).
locals {
  snapshot = var.snap_start ? ":live" : ""
  snapshots = var.snap_start ? {
    api_handler       = aws_lambda_function.api_handler
    authorizer        = aws_lambda_function.authorizer
    ingest_authorizer = aws_lambda_function.ingest_authorizer
    websocket_connect = aws_lambda_function.websocket_connect
    websocket_message = aws_lambda_function.websocket_message
  } : {}
}

resource "aws_lambda_alias" "live" {
  for_each = local.snapshots

  name             = "live"
  function_name    = each.value.function_name
  function_version = each.value.version
}

# Before the functions: Lambda would make a group that keeps logs for ever.
resource "aws_cloudwatch_log_group" "function" {
  for_each = var.functions

  name              = "/aws/lambda/${each.value.name}"
  retention_in_days = var.log_retention_days
}

# `make keys` makes them: private keys stay out of Terraform's state (docs/adr/0009).
variable "cdn_public_key" {
  description = "PEM of the key that checks playback cookies; `make keys` writes it to keys.auto.tfvars.json"
  type        = string
}

# The one secret that CloudFront has to be told, and whoever may read the distribution can see it there.
data "aws_secretsmanager_secret_version" "edge" {
  secret_id = "${local.prefix}edge-key"
}

locals {
  environment = {
    HEADWATER_PUBLIC_URL             = local.public_url
    HEADWATER_SOURCE_BUCKET          = module.storage.source_bucket
    HEADWATER_MEDIA_BUCKET           = module.storage.media_bucket
    HEADWATER_UPLOADS_QUEUE_URL      = module.queues.urls["uploads"]
    HEADWATER_ENCODE_QUEUE_URL       = module.queues.urls["encode"]
    HEADWATER_ENCODE_HIGH_QUEUE_URL  = module.queues.urls["encode-high"]
    HEADWATER_LIFECYCLE_QUEUE_URL    = module.queues.urls["lifecycle"]
    HEADWATER_PREPARE_QUEUE_URL      = module.queues.urls["prepare"]
    HEADWATER_LIVE_QUEUE_URL         = module.queues.urls["live"]
    HEADWATER_BROADCAST_QUEUE_URL    = module.queues.urls["broadcast"]
    HEADWATER_WEBHOOKS_QUEUE_URL     = module.queues.urls["webhooks"]
    HEADWATER_WEBSOCKET_ENDPOINT     = "https://${local.websocket_domain}/api"
    HEADWATER_WEBSOCKET_PUBLIC_URL   = "wss://${local.public_host}/ws"
    HEADWATER_JWT_ISSUER             = module.identity.issuer
    HEADWATER_JWT_AUDIENCE           = module.identity.audience
    HEADWATER_JWKS_URL               = module.identity.jwks_url
    HEADWATER_JWT_ROLE_CLAIM         = module.identity.role_claim
    HEADWATER_CDN_KEY_PAIR_ID        = module.cdn.key_pair_id
    HEADWATER_CDN_PRIVATE_KEY_SECRET = "${local.prefix}cdn-key"
    HEADWATER_CDN_DISTRIBUTION       = module.cdn.id
    HEADWATER_GRANT_SECRET           = "${local.prefix}grant-key"
    HEADWATER_EDGE_SECRET            = "${local.prefix}edge-key"
    HEADWATER_EVENT_BUS              = module.events.bus_name
    HEADWATER_LOG_LEVEL              = var.log_level
  }
}
