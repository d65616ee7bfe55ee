variable "bucket" { type = string }
variable "folder" { type = string }
variable "files" { type = map(object({ type = string, cache_control = string })) }
variable "config" { type = any }

resource "aws_s3_object" "file" {
  for_each = var.files

  bucket        = var.bucket
  key           = each.key
  source        = "${var.folder}/${each.key}"
  source_hash   = filemd5("${var.folder}/${each.key}")
  content_type  = each.value.type
  cache_control = each.value.cache_control
}

# How to sign in here: what the pages ask first.
resource "aws_s3_object" "config" {
  bucket        = var.bucket
  key           = "config.json"
  content       = jsonencode(var.config)
  content_type  = "application/json"
  cache_control = "no-cache"
}
