"""The state machines of AI models, deployments and replicas."""
