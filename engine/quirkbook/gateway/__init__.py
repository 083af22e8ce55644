"""The gateway: an OpenAI-compatible server that translates each request for its provider and says what it changed."""
