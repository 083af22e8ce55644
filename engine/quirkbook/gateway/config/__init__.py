"""LiteLLM's config.yaml -> what the gateway serves."""
