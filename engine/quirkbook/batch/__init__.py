"""Files of requests, translated on all cores."""
