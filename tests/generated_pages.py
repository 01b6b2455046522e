"""Makes the generated pages of the documentation; `make pages` runs it, and a test says when it must be run."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import drift_matrix
import scenario_page
from governed_world import World, page

DOCS = Path(__file__).parents[1] / "docs"

if __name__ == "__main__":
    world = World()
    with closing(world.workspace):
        (DOCS / "privileges.md").write_text(page(world))
    scenario_page.PAGE.write_text(scenario_page.page())
    (DOCS / "library-drift-matrix.md").write_text(drift_matrix.page())
