variable "prefix" { type = string }
variable "region" { type = string }
variable "email" { type = string }
variable "budget_usd" { type = number }
variable "cost_per_minute_usd" { type = number }
variable "stage" { type = string }
variable "functions" { type = map(object({ name = string, timeout_s = number })) }
variable "queues" {
  type = map(object({ name = string, dead_letters = string }))
}
variable "rest_api" { type = string }
variable "ingest_api" { type = string }
variable "socket_api" { type = string }
variable "distributed" { type = string }

locals {
  # Seconds after which somebody has noticed that a queue's oldest message waits. Encoding may queue: that is what it is for.
  patience_s = {
    uploads     = 300
    encode      = 3600
    encode-high = 600
    lifecycle   = 3600
    prepare     = 3600
    live        = 10
    broadcast   = 5
    webhooks    = 300
  }
}

# What functions say of their work (chalicelib/domain/gauges.py), under the service's and the function's name.
locals {
  service  = trimsuffix(var.prefix, "-")
  encoders = toset(["on_encode", "on_encode_high"])
}

# Not encrypted with SNS's own key, which does not let CloudWatch publish; alarms name functions and queues, nobody's data.
resource "aws_sns_topic" "alarms" {
  name = "${var.prefix}alarms"
}

resource "aws_sns_topic_subscription" "email" {
  count = var.email != "" ? 1 : 0

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.email
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = var.queues

  alarm_name          = "${var.prefix}dead-letters-${each.key}"
  alarm_description   = "Messages failed too often and wait in ${each.value.dead_letters}: docs/operations.md, dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value.dead_letters }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "waiting" {
  for_each = var.queues

  alarm_name          = "${var.prefix}waiting-${each.key}"
  alarm_description   = "The oldest message of ${each.value.name} waits too long: docs/operations.md, waiting"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  threshold           = lookup(local.patience_s, each.key, 3600)
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = var.functions

  alarm_name          = "${var.prefix}errors-${each.key}"
  alarm_description   = "${each.value.name} ended with errors: docs/operations.md, errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = each.value.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 5
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = var.functions

  alarm_name          = "${var.prefix}throttles-${each.key}"
  alarm_description   = "${each.value.name} was not run for want of concurrency: docs/operations.md, throttles"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = each.value.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 2
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "api" {
  for_each = { api = var.rest_api, ingest = var.ingest_api }

  alarm_name          = "${var.prefix}5xx-${each.key}"
  alarm_description   = "The gateway ${each.value} answers with 5xx: docs/operations.md, 5xx"
  namespace           = "AWS/ApiGateway"
  metric_name         = "5XXError"
  dimensions          = { ApiName = each.value }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 10
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

# The schedule picks up whatever was lost: if it stands still nothing is, and nobody notices.
resource "aws_cloudwatch_metric_alarm" "schedule" {
  alarm_name          = "${var.prefix}schedule-stands"
  alarm_description   = "${var.functions["on_schedule"].name} has not run for ten minutes: docs/operations.md, schedule-stands"
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = var.functions["on_schedule"].name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 2
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "encode_slow" {
  for_each = local.encoders

  alarm_name          = "${var.prefix}encode-slow-${each.key}"
  alarm_description   = "Jobs of ${each.key} take twice as long as their video plays: docs/operations.md, encode-slow"
  namespace           = "Headwater"
  metric_name         = "EncodeSpeed"
  dimensions          = { service = local.service, function = each.key }
  statistic           = "Average"
  period              = 900
  evaluation_periods  = 2
  threshold           = 0.5
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "live_lag" {
  alarm_name          = "${var.prefix}live-lag"
  alarm_description   = "One live segment in twenty is announced later than 5 s after it came: docs/operations.md, live-lag"
  namespace           = "Headwater"
  metric_name         = "LiveLag"
  dimensions          = { service = local.service, function = "on_live_segment" }
  extended_statistic  = "p95"
  period              = 60
  evaluation_periods  = 3
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "rates_unheld" {
  alarm_name          = "${var.prefix}rates-unheld"
  alarm_description   = "Callers are let through uncounted: docs/operations.md, rates-unheld"
  namespace           = "Headwater"
  metric_name         = "RateUnheld"
  dimensions          = { service = local.service, function = "api" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 10
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "cost_per_minute" {
  for_each = local.encoders

  alarm_name          = "${var.prefix}cost-per-minute-${each.key}"
  alarm_description   = "Encoding a minute of video costs more than cost_per_minute_usd: docs/operations.md, cost-per-minute"
  namespace           = "Headwater"
  metric_name         = "CostPerMinute"
  dimensions          = { service = local.service, function = each.key }
  statistic           = "Average"
  period              = 3600
  evaluation_periods  = 1
  threshold           = var.cost_per_minute_usd
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

locals {
  rows = [
    { title = "Oldest message, s", stat = "Maximum", metrics = [for name, queue in var.queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.name, { label = name }]] },
    { title = "Messages waiting", stat = "Maximum", metrics = [for name, queue in var.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name, { label = name }]] },
    { title = "Dead letters", stat = "Maximum", metrics = [for name, queue in var.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.dead_letters, { label = name }]] },
    { title = "Functions at once", stat = "Maximum", metrics = [for name, function in var.functions : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", function.name, { label = name }]] },
    { title = "Duration, ms, 95 %", stat = "p95", metrics = [for name, function in var.functions : ["AWS/Lambda", "Duration", "FunctionName", function.name, { label = name }]] },
    { title = "Errors", stat = "Sum", metrics = [for name, function in var.functions : ["AWS/Lambda", "Errors", "FunctionName", function.name, { label = name }]] },
    { title = "Throttles", stat = "Sum", metrics = [for name, function in var.functions : ["AWS/Lambda", "Throttles", "FunctionName", function.name, { label = name }]] },
    { title = "Encoding: seconds of video a second", stat = "Average", metrics = [for name in local.encoders : ["Headwater", "EncodeSpeed", "service", local.service, "function", name, { label = name }]] },
    { title = "Encoding: USD a minute of video", stat = "Average", metrics = [for name in local.encoders : ["Headwater", "CostPerMinute", "service", local.service, "function", name, { label = name }]] },
    { title = "Live lag, s, 95 %: from the bucket to the viewers", stat = "p95", metrics = [["Headwater", "LiveLag", "service", local.service, "function", "on_live_segment"]] },
    { title = "Live: oldest segment and announcement, s", stat = "Maximum", metrics = [for name in ["live", "broadcast"] : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queues[name].name, { label = name }]] },
    { title = "REST calls and refusals", stat = "Sum", metrics = [for name in ["Count", "4XXError", "5XXError"] : ["AWS/ApiGateway", name, "ApiName", var.rest_api]] },
    { title = "Calls refused as too many, and let through uncounted", stat = "Sum", metrics = [for name in ["RateLimited", "RateUnheld"] : ["Headwater", name, "service", local.service, "function", "api"]] },
    { title = "Sockets: connections and messages", stat = "Sum", metrics = [for name in ["ConnectCount", "MessageCount", "IntegrationError"] : ["AWS/ApiGateway", name, "ApiId", var.socket_api]] },
    { title = "CDN: bytes out", stat = "Sum", region = "us-east-1", metrics = [["AWS/CloudFront", "BytesDownloaded", "DistributionId", var.distributed, "Region", "Global"]] },
    { title = "CDN: errors, %", stat = "Average", region = "us-east-1", metrics = [for name in ["4xxErrorRate", "5xxErrorRate"] : ["AWS/CloudFront", name, "DistributionId", var.distributed, "Region", "Global"]] },
  ]
}

resource "aws_cloudwatch_dashboard" "overview" {
  dashboard_name = "${var.prefix}overview"
  dashboard_body = jsonencode({
    widgets = [for index, row in local.rows : {
      type   = "metric"
      x      = (index % 3) * 8
      y      = floor(index / 3) * 6
      width  = 8
      height = 6
      properties = {
        title   = row.title
        region  = lookup(row, "region", var.region)
        stat    = row.stat
        period  = 60
        view    = "timeSeries"
        metrics = row.metrics
      }
    }]
  })
}

resource "aws_budgets_budget" "monthly" {
  count = var.budget_usd > 0 && var.email != "" ? 1 : 0

  name         = "${var.prefix}monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # Counts from when the tag is activated for cost allocation in the billing console.
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:stage$%s", var.stage)]
  }

  dynamic "notification" {
    for_each = { ACTUAL80 = ["ACTUAL", 80], ACTUAL100 = ["ACTUAL", 100], FORECASTED100 = ["FORECASTED", 100] }
    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value[1]
      threshold_type             = "PERCENTAGE"
      notification_type          = notification.value[0]
      subscriber_email_addresses = [var.email]
    }
  }
}

output "topic_arn" { value = aws_sns_topic.alarms.arn }
output "dashboard_url" { value = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards:name=${aws_cloudwatch_dashboard.overview.dashboard_name}" }
