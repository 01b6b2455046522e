"""The program of an image: it compiles the image's packages, and starts the worker that finds them.

As `compile VERSION` while the image is built, for a Python of that version, so that each container starts quickly; as
`listen HOST PORT` in a container, for which see `worker.py`.
"""

from __future__ import annotations

import compileall
import re
import runpy
import site
import sys

ROOM = "/opt/fakebricks"
SITE = f"{ROOM}/site"

if __name__ == "__main__":
    if sys.argv[1] == "compile":
        asked, there = sys.argv[2], ".".join(map(str, sys.version_info[:2]))
        if there != asked:
            sys.exit(f"The base image has Python {there}, and not {asked}.")
        # Without the packages' own tests. What else they have that is no Python of this version is passed over.
        compileall.compile_dir(SITE, quiet=2, workers=0, rx=re.compile("/tests?/"))
    else:
        site.addsitedir(SITE)
        sys.path.insert(0, SITE)  # before what the base image has
        runpy.run_path(f"{ROOM}/worker.py", run_name="__main__")
