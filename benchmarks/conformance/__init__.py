"""A conformance kit for OpenAI-compatible gateways: what they promise, and whether they keep it."""
