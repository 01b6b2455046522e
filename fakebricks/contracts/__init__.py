"""Contract tests: scenarios in which models break in production, run against a team's own model and deployment.

Built on the public surface of fakebricks alone.
"""
