variable "bucket_arn" { type = string }
variable "account_id" { type = string }
variable "queues" {
  type = map(object({
    name         = string
    dead_letters = string
    fifo         = bool
    visibility_s = number
    receives     = number
    from_s3      = optional(string)
  }))
}

locals {
  retention_s = 14 * 86400
}

resource "aws_sqs_queue" "dead" {
  for_each = var.queues

  name                      = each.value.dead_letters
  fifo_queue                = each.value.fifo ? true : null
  message_retention_seconds = local.retention_s
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "queue" {
  for_each = var.queues

  name                       = each.value.name
  fifo_queue                 = each.value.fifo ? true : null
  visibility_timeout_seconds = each.value.visibility_s
  message_retention_seconds  = local.retention_s
  sqs_managed_sse_enabled    = true

  # Each viewers' shard is a group: without this all shards of all streams would share 300 calls a second.
  deduplication_scope   = each.value.fifo ? "messageGroup" : null
  fifo_throughput_limit = each.value.fifo ? "perMessageGroupId" : null

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = each.value.receives
  })
}

data "aws_iam_policy_document" "from_s3" {
  for_each = { for name, queue in var.queues : name => queue if queue.from_s3 != null }

  statement {
    sid       = "BucketEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.queue[each.key].arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [var.bucket_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_sqs_queue_policy" "from_s3" {
  for_each = data.aws_iam_policy_document.from_s3

  queue_url = aws_sqs_queue.queue[each.key].url
  policy    = each.value.json
}

output "urls" { value = { for name, queue in aws_sqs_queue.queue : name => queue.url } }
output "arns" { value = { for name, queue in aws_sqs_queue.queue : name => queue.arn } }
output "policies" { value = [for policy in aws_sqs_queue_policy.from_s3 : policy.id] }
