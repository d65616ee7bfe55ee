# PUT /ingest/{stream}/{key}/{name}: a bare encoder's segments go from API Gateway straight into the bucket, up to 10 MB each,
# under the key that the authorizer names. What is to be thrown away has a key as well, which a lifecycle rule empties.

variable "prefix" { type = string }
variable "region" { type = string }
variable "partition" { type = string }
variable "account_id" { type = string }
variable "function_name" { type = string }
variable "bucket" { type = string }
variable "bucket_arn" { type = string }

locals {
  function_arn = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${var.function_name}"
  methods      = toset(["PUT", "POST"])
}

resource "aws_api_gateway_rest_api" "ingest" {
  name               = "${var.prefix}ingest"
  binary_media_types = ["*/*"]

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_resource" "root" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  parent_id   = aws_api_gateway_rest_api.ingest.root_resource_id
  path_part   = "ingest"
}

resource "aws_api_gateway_resource" "stream" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  parent_id   = aws_api_gateway_resource.root.id
  path_part   = "{stream}"
}

resource "aws_api_gateway_resource" "key" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  parent_id   = aws_api_gateway_resource.stream.id
  path_part   = "{key}"
}

resource "aws_api_gateway_resource" "name" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  parent_id   = aws_api_gateway_resource.key.id
  path_part   = "{name+}"
}

# Asked for every request: each segment has another key. The identity source only has to be there.
resource "aws_api_gateway_authorizer" "ingest" {
  name                             = "ingest"
  rest_api_id                      = aws_api_gateway_rest_api.ingest.id
  type                             = "REQUEST"
  authorizer_uri                   = "arn:${var.partition}:apigateway:${var.region}:lambda:path/2015-03-31/functions/${local.function_arn}/invocations"
  authorizer_result_ttl_in_seconds = 0
  identity_source                  = "context.identity.sourceIp"
}

data "aws_iam_policy_document" "gateway" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "store" {
  statement {
    sid       = "Store"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arn}/ingest/*", "${var.bucket_arn}/discarded/*"] # keys are made by the authorizer for each segment, below these two
  }
}

resource "aws_iam_role" "store" {
  name               = "${var.prefix}ingest-gateway"
  assume_role_policy = data.aws_iam_policy_document.gateway.json
}

resource "aws_iam_role_policy" "store" {
  name   = "store"
  role   = aws_iam_role.store.id
  policy = data.aws_iam_policy_document.store.json
}

resource "aws_api_gateway_method" "store" {
  for_each = local.methods

  rest_api_id   = aws_api_gateway_rest_api.ingest.id
  resource_id   = aws_api_gateway_resource.name.id
  http_method   = each.key
  authorization = "CUSTOM"
  authorizer_id = aws_api_gateway_authorizer.ingest.id

  request_parameters = {
    "method.request.path.stream"         = true
    "method.request.path.key"            = true
    "method.request.path.name"           = true
    "method.request.header.Content-Type" = false
  }
}

resource "aws_api_gateway_integration" "store" {
  for_each = local.methods

  rest_api_id             = aws_api_gateway_rest_api.ingest.id
  resource_id             = aws_api_gateway_resource.name.id
  http_method             = aws_api_gateway_method.store[each.key].http_method
  type                    = "AWS"
  integration_http_method = "PUT"
  uri                     = "arn:${var.partition}:apigateway:${var.region}:s3:path/${var.bucket}/{object}"
  credentials             = aws_iam_role.store.arn
  passthrough_behavior    = "WHEN_NO_MATCH"

  request_parameters = {
    "integration.request.path.object"         = "context.authorizer.key"
    "integration.request.header.Content-Type" = "method.request.header.Content-Type"
  }
}

resource "aws_api_gateway_method_response" "store" {
  for_each = { for pair in setproduct(local.methods, ["200", "502"]) : join("-", pair) => pair }

  rest_api_id = aws_api_gateway_rest_api.ingest.id
  resource_id = aws_api_gateway_resource.name.id
  http_method = aws_api_gateway_method.store[each.value[0]].http_method
  status_code = each.value[1]
}

resource "aws_api_gateway_integration_response" "store" {
  for_each = local.methods

  rest_api_id = aws_api_gateway_rest_api.ingest.id
  resource_id = aws_api_gateway_resource.name.id
  http_method = aws_api_gateway_integration.store[each.key].http_method
  status_code = aws_api_gateway_method_response.store["${each.key}-200"].status_code
}

resource "aws_api_gateway_integration_response" "refused" {
  for_each = local.methods

  rest_api_id       = aws_api_gateway_rest_api.ingest.id
  resource_id       = aws_api_gateway_resource.name.id
  http_method       = aws_api_gateway_integration.store[each.key].http_method
  status_code       = aws_api_gateway_method_response.store["${each.key}-502"].status_code
  selection_pattern = "[45]\\d{2}"

  response_templates = {
    "application/json" = jsonencode({ type = "about:blank", title = "Bad Gateway", status = 502, code = "internal_error", detail = "The segment could not be stored." })
  }
}

# Encoders tidy up behind themselves; what is still needed of a stream we know better.
resource "aws_api_gateway_method" "delete" {
  rest_api_id   = aws_api_gateway_rest_api.ingest.id
  resource_id   = aws_api_gateway_resource.name.id
  http_method   = "DELETE"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "delete" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  resource_id = aws_api_gateway_resource.name.id
  http_method = aws_api_gateway_method.delete.http_method
  type        = "MOCK"

  request_templates = {
    "application/json" = "{\"statusCode\": 204}"
  }
}

resource "aws_api_gateway_method_response" "delete" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  resource_id = aws_api_gateway_resource.name.id
  http_method = aws_api_gateway_method.delete.http_method
  status_code = "204"
}

resource "aws_api_gateway_integration_response" "delete" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  resource_id = aws_api_gateway_resource.name.id
  http_method = aws_api_gateway_integration.delete.http_method
  status_code = aws_api_gateway_method_response.delete.status_code
}

# The authorizer's words reach the encoder: why its key opens nothing.
resource "aws_api_gateway_gateway_response" "denied" {
  rest_api_id   = aws_api_gateway_rest_api.ingest.id
  response_type = "ACCESS_DENIED"
  status_code   = "403"

  response_templates = {
    "application/json" = "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,\"code\":\"$context.authorizer.code\",\"detail\":\"$util.escapeJavaScript($context.authorizer.detail)\"}"
  }
  response_parameters = {
    "gatewayresponse.header.Content-Type" = "'application/problem+json'"
  }
}

resource "aws_api_gateway_deployment" "ingest" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id

  triggers = {
    definition = filesha1("${path.module}/main.tf")
    bucket     = var.bucket
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_api_gateway_integration_response.store,
    aws_api_gateway_integration_response.refused,
    aws_api_gateway_integration_response.delete,
    aws_api_gateway_gateway_response.denied,
  ]
}

resource "aws_api_gateway_stage" "ingest" {
  rest_api_id          = aws_api_gateway_rest_api.ingest.id
  deployment_id        = aws_api_gateway_deployment.ingest.id
  stage_name           = "api"
  xray_tracing_enabled = true
}

resource "aws_api_gateway_method_settings" "ingest" {
  rest_api_id = aws_api_gateway_rest_api.ingest.id
  stage_name  = aws_api_gateway_stage.ingest.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled = true
  }
}

output "domain" { value = "${aws_api_gateway_rest_api.ingest.id}.execute-api.${var.region}.amazonaws.com" }
output "execution_arn" { value = aws_api_gateway_rest_api.ingest.execution_arn }
output "name" { value = aws_api_gateway_rest_api.ingest.name }
