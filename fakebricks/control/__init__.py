"""Control: what a test may do to a workspace that no client of the platform can, for tests in other processes."""
