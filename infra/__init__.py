"""Deployment to AWS: Terraform for what Chalice does not make, and the step that joins both."""
