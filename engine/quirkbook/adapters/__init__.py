"""The rules inside clients that people have already; each module here needs only the client it is for.

| module | for |
| --- | --- |
| `quirkbook.adapters.httpx` | httpx and httpx2, and so the openai package and all that is built on it |
| `quirkbook.adapters.requests` | requests |
| `quirkbook.adapters.litellm` | LiteLLM, in a process or in its proxy |
"""
