"""What a new workspace starts with: Terraform modules, a prompt, runbooks."""
