variable "prefix" { type = string }
variable "aliases" { type = list(string) }
variable "certificate_arn" { type = string }
variable "price_class" { type = string }
variable "web_acl_arn" { type = string }
variable "public_key" { type = string }
variable "edge_secret" {
  type      = string
  sensitive = true
}
variable "media_domain" { type = string }
variable "site_domain" { type = string }
variable "rest_domain" { type = string }
variable "ingest_domain" { type = string }
variable "socket_domain" { type = string }
variable "pages" { type = list(list(string)) }
variable "page_headers" { type = map(map(string)) }
variable "connect" { type = list(string) }

locals {
  # CloudFront's own: policies that every account has.
  caching_disabled       = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  all_viewer_except_host = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

  read  = ["GET", "HEAD"]
  all   = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
  pages = { for page, path in { studio = "/studio", embed = "/embed/*", recording = "/recordings/*" } : page => path if contains(keys(var.page_headers), page) }
  gates = { rest = { domain = var.rest_domain, path = "" }, rest-root = { domain = var.rest_domain, path = "/api" }, ingest = { domain = var.ingest_domain, path = "/api" }, socket = { domain = var.socket_domain, path = "" } }
  # Without an own domain a policy cannot name the distribution that it is for: there 'self' has to do for sockets.
  connect = concat([for alias in var.aliases : "wss://${alias}"], var.connect)
  stores  = { media = var.media_domain, site = var.site_domain }

  # Behaviours in the order in which CloudFront tries them; whatever none takes is a page or a file of the site.
  api = [
    { path = "/api/*", origin = "rest" },
    { path = "/health", origin = "rest-root" },
    { path = "/openapi.json", origin = "rest-root" },
  ]
}

resource "aws_cloudfront_public_key" "playback" {
  name        = "${var.prefix}playback"
  encoded_key = var.public_key

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudfront_key_group" "playback" {
  name  = "${var.prefix}playback"
  items = [aws_cloudfront_public_key.playback.id]
}

resource "aws_cloudfront_origin_access_control" "bucket" {
  name                              = "${var.prefix}bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Objects say themselves how long they last: a growing playlist for a second, a segment for ever.
resource "aws_cloudfront_cache_policy" "objects" {
  name        = "${var.prefix}objects"
  min_ttl     = 0
  default_ttl = 60
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true
    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "none"
    }
    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

# Keeps nothing that does not say it may be kept, and then for a second: CloudFront passes Authorization on only when answers
# are told apart by it.
resource "aws_cloudfront_cache_policy" "api" {
  name        = "${var.prefix}api"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 1

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true
    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "whitelist"
      headers {
        items = ["Authorization", "X-Stream-Key"]
      }
    }
    query_strings_config {
      query_string_behavior = "all"
    }
  }
}

# Not Host, by which API Gateway would look for another API; and what only CloudFront knows of viewers. Cookies, because where
# none go to the origin CloudFront also takes Set-Cookie out of its answers, and playback cookies come that way.
resource "aws_cloudfront_origin_request_policy" "api" {
  name = "${var.prefix}api"

  cookies_config {
    cookie_behavior = "all"
  }
  headers_config {
    header_behavior = "whitelist"
    headers {
      items = ["Accept", "Content-Type", "CloudFront-Viewer-Address", "CloudFront-Viewer-Country", "Origin", "User-Agent"]
    }
  }
  query_strings_config {
    query_string_behavior = "all"
  }
}

resource "aws_cloudfront_response_headers_policy" "page" {
  for_each = var.page_headers

  name = "${var.prefix}page-${each.key}"

  security_headers_config {
    content_security_policy {
      # Where it stands locally for the one origin, here are the bucket that takes uploads and the issuer.
      content_security_policy = replace(each.value["Content-Security-Policy"], "https://connect.invalid wss://connect.invalid", join(" ", local.connect))
      override                = true
    }
    content_type_options {
      override = true
    }
    referrer_policy {
      referrer_policy = each.value["Referrer-Policy"]
      override        = true
    }
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = false
      override                   = true
    }
  }

  custom_headers_config {
    dynamic "items" {
      for_each = { for name, value in each.value : name => value if !contains(["Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"], name) }
      content {
        header   = items.key
        value    = items.value
        override = true
      }
    }
  }
}

# What people upload must never run as a page of this origin.
resource "aws_cloudfront_response_headers_policy" "media" {
  name = "${var.prefix}media"

  security_headers_config {
    content_security_policy {
      content_security_policy = "sandbox; default-src 'none'"
      override                = true
    }
    content_type_options {
      override = true
    }
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = false
      override                   = true
    }
  }
}

resource "aws_cloudfront_function" "pages" {
  name    = "${var.prefix}pages"
  runtime = "cloudfront-js-2.0"
  comment = "Paths of pages to their files"
  publish = true
  code    = templatefile("${path.module}/pages.js.tftpl", { pages = jsonencode(var.pages) })
}

resource "aws_cloudfront_function" "socket" {
  name    = "${var.prefix}socket"
  runtime = "cloudfront-js-2.0"
  comment = "The sockets' path to the gateway's stage"
  publish = true
  code    = file("${path.module}/socket.js")
}

resource "aws_cloudfront_distribution" "site" {
  comment         = "${var.prefix}site"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.price_class
  aliases         = var.aliases
  web_acl_id      = var.web_acl_arn

  dynamic "origin" {
    for_each = local.stores
    content {
      origin_id                = origin.key
      domain_name              = origin.value
      origin_access_control_id = aws_cloudfront_origin_access_control.bucket.id
    }
  }

  dynamic "origin" {
    for_each = local.gates
    content {
      origin_id   = origin.key
      domain_name = origin.value.domain
      origin_path = origin.value.path

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_ssl_protocols   = ["TLSv1.2"]
        origin_read_timeout    = 60
      }

      # By this functions know that it was CloudFront which said where a viewer is.
      custom_header {
        name  = "X-Headwater-Edge"
        value = var.edge_secret
      }
    }
  }

  default_cache_behavior {
    target_origin_id           = "site"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = local.read
    cached_methods             = local.read
    compress                   = true
    cache_policy_id            = aws_cloudfront_cache_policy.objects.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.page["default"].id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.pages.arn
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.api
    content {
      path_pattern             = ordered_cache_behavior.value.path
      target_origin_id         = ordered_cache_behavior.value.origin
      viewer_protocol_policy   = "https-only"
      allowed_methods          = local.all
      cached_methods           = local.read
      compress                 = true
      cache_policy_id          = aws_cloudfront_cache_policy.api.id
      origin_request_policy_id = aws_cloudfront_origin_request_policy.api.id
    }
  }

  ordered_cache_behavior {
    path_pattern               = "/media/*"
    target_origin_id           = "media"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = local.read
    cached_methods             = local.read
    compress                   = true
    trusted_key_groups         = [aws_cloudfront_key_group.playback.id]
    cache_policy_id            = aws_cloudfront_cache_policy.objects.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.media.id
  }

  ordered_cache_behavior {
    path_pattern             = "/ingest/*"
    target_origin_id         = "ingest"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = local.all
    cached_methods           = local.read
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_viewer_except_host
  }

  ordered_cache_behavior {
    path_pattern             = "/ws"
    target_origin_id         = "socket"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = local.read
    cached_methods           = local.read
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_viewer_except_host

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.socket.arn
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.pages
    content {
      path_pattern               = ordered_cache_behavior.value
      target_origin_id           = "site"
      viewer_protocol_policy     = "redirect-to-https"
      allowed_methods            = local.read
      cached_methods             = local.read
      compress                   = true
      cache_policy_id            = aws_cloudfront_cache_policy.objects.id
      response_headers_policy_id = aws_cloudfront_response_headers_policy.page[ordered_cache_behavior.key].id

      function_association {
        event_type   = "viewer-request"
        function_arn = aws_cloudfront_function.pages.arn
      }
    }
  }

  # A player asks for what is about to be there: CloudFront would go on saying no for ten seconds.
  dynamic "custom_error_response" {
    for_each = [403, 404, 500, 502, 503, 504]
    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = contains([403, 404], custom_error_response.value) ? 1 : 0
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = length(var.aliases) == 0
    acm_certificate_arn            = length(var.aliases) == 0 ? null : var.certificate_arn
    ssl_support_method             = length(var.aliases) == 0 ? null : "sni-only"
    minimum_protocol_version       = length(var.aliases) == 0 ? "TLSv1" : "TLSv1.2_2021"
  }

  lifecycle {
    precondition {
      condition     = length(var.aliases) == 0 || var.certificate_arn != ""
      error_message = "An own domain_name needs certificate_arn: an ACM certificate in us-east-1."
    }
  }
}

output "id" { value = aws_cloudfront_distribution.site.id }
output "arn" { value = aws_cloudfront_distribution.site.arn }
output "domain_name" { value = aws_cloudfront_distribution.site.domain_name }
output "zone_id" { value = aws_cloudfront_distribution.site.hosted_zone_id }
output "key_pair_id" { value = aws_cloudfront_public_key.playback.id }
