"""OpenAI's format as it travels: types, streams, errors, retries. No sockets."""
