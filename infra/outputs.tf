output "url" {
  description = "Where everything is: pages, API, media and sockets"
  value       = local.public_url
}

output "distribution_domain" {
  description = "What the DNS record of an own domain has to point to"
  value       = module.cdn.domain_name
}

output "sign_in" {
  description = "What the pages were told about signing in"
  value       = module.identity.client
}

output "user_pool_id" {
  description = "Cognito's pool, to add people to; null with another issuer"
  value       = module.identity.user_pool_id
}

output "dashboard" {
  description = "CloudWatch dashboard"
  value       = module.alarms.dashboard_url
}
