"""Reports of a check: what scenarios and policies have come to, for people, for CI and for other programs.

Any text may be in findings, of models, of clients or of files: each report escapes what its form needs escaped.
"""

from fakebricks.contracts.reports.as_json import to_json
from fakebricks.contracts.reports.github import to_github
from fakebricks.contracts.reports.html import to_html
from fakebricks.contracts.reports.junit import to_junit
from fakebricks.contracts.reports.terminal import print_verdicts

__all__ = ["print_verdicts", "to_github", "to_html", "to_json", "to_junit"]
