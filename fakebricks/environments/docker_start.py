"""The program of an image: it compiles the image's packages, and starts the worker that finds them.

As `compile` while the image is built, so that each container starts quickly; as `listen HOST PORT` in a container, for
which see `worker.py`.
"""

from __future__ import annotations

import compileall
import runpy
import site
import sys

ROOM = "/opt/fakebricks"
SITE = f"{ROOM}/site"

if __name__ == "__main__":
    if sys.argv[1] == "compile":
        compileall.compile_dir(SITE, quiet=2, workers=0)  # packages have files that are no Python of this version
    else:
        site.addsitedir(SITE)
        sys.path.insert(0, SITE)  # before what the base image has
        runpy.run_path(f"{ROOM}/worker.py", run_name="__main__")
