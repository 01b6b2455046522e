"""AI Gateway: limits on who asks how much, guardrails, fallbacks, and the tracking of usage."""
