"""The gateway: OpenAI's API in front of all models, agents and workflows, with everything governed."""
