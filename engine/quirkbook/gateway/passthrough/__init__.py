"""Endpoints other than chat completions: a request goes to the deployment of its model as it is, and no rule is applied."""
