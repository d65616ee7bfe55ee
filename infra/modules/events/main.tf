variable "prefix" { type = string }

# What webhooks get, for rules of your own: on_webhook puts it here under the same names.
resource "aws_cloudwatch_event_bus" "events" {
  name = "${var.prefix}events"
}

output "bus_name" { value = aws_cloudwatch_event_bus.events.name }
