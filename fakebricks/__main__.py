"""`python -m fakebricks`."""

from fakebricks.cli import main

main(prog_name="fakebricks")
