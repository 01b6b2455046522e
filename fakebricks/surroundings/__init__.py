"""What surrounds the code under test in its process: its environment, profiles, people, MLflow's state, and time.

Each is a context manager that is entered with a workspace and puts back what was there. None knows the workspace.
"""
