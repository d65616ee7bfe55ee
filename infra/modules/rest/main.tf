variable "rest_api_id" { type = string }
variable "stage_name" { type = string }
variable "rate" { type = number }
variable "burst" { type = number }

# The gateway's own answers are problem documents like ours, with the codes that docs/api.md lists.
locals {
  answers = {
    UNAUTHORIZED                   = { status = 401, code = "unauthorized", detail = "Send a valid, unexpired token as 'Authorization: Bearer ...'." }
    ACCESS_DENIED                  = { status = 403, code = "forbidden", detail = "This token does not allow that." }
    MISSING_AUTHENTICATION_TOKEN   = { status = 404, code = "no_such_route", detail = "There is nothing here." }
    RESOURCE_NOT_FOUND             = { status = 404, code = "no_such_route", detail = "There is nothing here." }
    REQUEST_TOO_LARGE              = { status = 413, code = "payload_too_large", detail = "The request body is larger than 6 MB." }
    THROTTLED                      = { status = 429, code = "too_many_requests", detail = "Too many requests: try again in a moment." }
    AUTHORIZER_FAILURE             = { status = 500, code = "internal_error", detail = "The token could not be checked." }
    AUTHORIZER_CONFIGURATION_ERROR = { status = 500, code = "internal_error", detail = "The token could not be checked." }
    INTEGRATION_FAILURE            = { status = 502, code = "internal_error", detail = "The request failed inside the service." }
    INTEGRATION_TIMEOUT            = { status = 504, code = "internal_error", detail = "The request took too long." }
  }
  titles = { 401 = "Unauthorized", 403 = "Forbidden", 404 = "Not Found", 413 = "Payload Too Large", 429 = "Too Many Requests", 500 = "Internal Server Error", 502 = "Bad Gateway", 504 = "Gateway Timeout" }
}

resource "aws_api_gateway_gateway_response" "problem" {
  for_each = local.answers

  rest_api_id   = var.rest_api_id
  response_type = each.key
  status_code   = tostring(each.value.status)

  response_templates = {
    "application/json" = jsonencode({
      type   = "about:blank"
      title  = local.titles[each.value.status]
      status = each.value.status
      code   = each.value.code
      detail = each.value.detail
    })
  }
  response_parameters = merge(
    { "gatewayresponse.header.Content-Type" = "'application/problem+json'" },
    each.value.status == 401 ? { "gatewayresponse.header.WWW-Authenticate" = "'Bearer'" } : {},
    each.value.status == 429 ? { "gatewayresponse.header.Retry-After" = "'1'" } : {},
  )
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = var.rest_api_id
  stage_name  = var.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    throttling_rate_limit  = var.rate
    throttling_burst_limit = var.burst
  }
}
