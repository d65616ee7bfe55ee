variable "prefix" { type = string }
variable "protect" { type = bool }
variable "tables" {
  type = map(object({
    hash_key   = string
    range_key  = optional(string)
    ttl        = optional(string)
    attributes = map(string)
    indexes = map(object({
      hash_key   = string
      range_key  = optional(string)
      projection = string
    }))
  }))
}

resource "aws_dynamodb_table" "table" {
  for_each = var.tables

  name                        = "${var.prefix}${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.hash_key
  range_key                   = each.value.range_key
  deletion_protection_enabled = var.protect

  dynamic "attribute" {
    for_each = each.value.attributes
    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.indexes
    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.hash_key
      range_key       = global_secondary_index.value.range_key
      projection_type = global_secondary_index.value.projection
    }
  }

  dynamic "ttl" {
    for_each = each.value.ttl == null ? [] : [each.value.ttl]
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  point_in_time_recovery {
    enabled = true
  }
}

output "names" { value = { for name, table in aws_dynamodb_table.table : name => table.name } }
