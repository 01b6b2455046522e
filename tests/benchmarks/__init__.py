"""Speed and memory, each row beside what a user would pick instead, measured in one run: `make bench`.

Figures are medians of interleaved rounds, so that a machine whose speed drifts slows both sides alike; quote ratios.
"""
