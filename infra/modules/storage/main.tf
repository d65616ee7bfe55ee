variable "prefix" { type = string }
variable "suffix" { type = string }
variable "protect" { type = bool }
variable "cold_after_days" { type = number }
variable "public_url" { type = string }
variable "distribution_arn" { type = string }
variable "notify" { type = map(object({ arn = string, prefix = string })) }
variable "depends_on_policies" { type = list(string) }

locals {
  buckets = toset(["source", "media", "site", "artifacts"])
  served  = toset(["media", "site"])
}

data "aws_region" "current" {}

resource "aws_s3_bucket" "bucket" {
  for_each = local.buckets

  bucket        = "${var.prefix}${each.key}-${var.suffix}"
  force_destroy = each.key == "site" || each.key == "artifacts" || !var.protect
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.bucket[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "bucket" {
  for_each = local.buckets

  bucket = aws_s3_bucket.bucket[each.key].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  for_each = local.buckets

  bucket = aws_s3_bucket.bucket[each.key].id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.buckets

  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]                                                                        # refuses: nothing may be done without TLS
    resources = [aws_s3_bucket.bucket[each.key].arn, "${aws_s3_bucket.bucket[each.key].arn}/*"] # refuses: neither to the bucket nor to what is in it
    principals {
      type        = "*"   # refuses everybody, or somebody would be let in
      identifiers = ["*"] # refuses everybody, or somebody would be let in
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = contains(local.served, each.key) ? [true] : []
    content {
      sid       = "OurDistribution"
      actions   = ["s3:GetObject"]
      resources = ["${aws_s3_bucket.bucket[each.key].arn}/*"] # our distribution serves all that is in it; cookies say to whom
      principals {
        type        = "Service"
        identifiers = ["cloudfront.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [var.distribution_arn]
      }
    }
  }

  # Without it what is not there would be answered with 403. No path that CloudFront sends on lists anything.
  dynamic "statement" {
    for_each = contains(local.served, each.key) ? [true] : []
    content {
      sid       = "TellAbsentFromForbidden"
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.bucket[each.key].arn]
      principals {
        type        = "Service"
        identifiers = ["cloudfront.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [var.distribution_arn]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "bucket" {
  for_each = local.buckets

  bucket     = aws_s3_bucket.bucket[each.key].id
  policy     = data.aws_iam_policy_document.bucket[each.key].json
  depends_on = [aws_s3_bucket_public_access_block.bucket]
}

# Parts are PUT by browsers; the answer's ETag is what the upload is completed with.
resource "aws_s3_bucket_cors_configuration" "source" {
  bucket = aws_s3_bucket.bucket["source"].id

  cors_rule {
    allowed_methods = ["PUT", "GET", "HEAD"]
    allowed_origins = [var.public_url]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "source" {
  bucket = aws_s3_bucket.bucket["source"].id

  # A resumable upload may rest for days; on_schedule ends what was given up, this is for what it cannot know.
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # What encoders sent is packaged within seconds; what was refused or kept for a backup stays for a look.
  rule {
    id     = "ingested"
    status = "Enabled"
    filter {
      prefix = "ingest/"
    }
    expiration {
      days = 3
    }
  }

  rule {
    id     = "thrown-away"
    status = "Enabled"
    filter {
      prefix = "discarded/"
    }
    expiration {
      days = 1
    }
  }

  rule {
    id     = "cold"
    status = "Enabled"
    filter {
      prefix = "sources/"
    }
    transition {
      days          = var.cold_after_days
      storage_class = "INTELLIGENT_TIERING"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "media" {
  bucket = aws_s3_bucket.bucket["media"].id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # Small objects would cost more to watch than they save: S3 leaves those below 128 KB where they are.
  rule {
    id     = "cold"
    status = "Enabled"
    filter {
      prefix = "media/"
    }
    transition {
      days          = var.cold_after_days
      storage_class = "INTELLIGENT_TIERING"
    }
  }
}

resource "aws_s3_bucket_notification" "source" {
  bucket = aws_s3_bucket.bucket["source"].id

  dynamic "queue" {
    for_each = var.notify
    content {
      id            = queue.key
      queue_arn     = queue.value.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value.prefix
    }
  }

  # S3 tries whether it may send when it is told to.
  depends_on = [terraform_data.policies]
}

resource "terraform_data" "policies" {
  input = var.depends_on_policies
}

output "source_bucket" { value = aws_s3_bucket.bucket["source"].id }
output "source_arn" { value = aws_s3_bucket.bucket["source"].arn }
output "source_origin" { value = "https://${aws_s3_bucket.bucket["source"].id}.s3.${data.aws_region.current.name}.amazonaws.com" }
output "media_bucket" { value = aws_s3_bucket.bucket["media"].id }
output "media_arn" { value = aws_s3_bucket.bucket["media"].arn }
output "media_domain" { value = aws_s3_bucket.bucket["media"].bucket_regional_domain_name }
output "site_bucket" { value = aws_s3_bucket.bucket["site"].id }
output "site_domain" { value = aws_s3_bucket.bucket["site"].bucket_regional_domain_name }
output "artifacts_bucket" { value = aws_s3_bucket.bucket["artifacts"].id }
