"""The rooms of this app split by noun: ai_models and deployments."""
