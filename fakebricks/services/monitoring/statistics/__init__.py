"""The numbers of a monitor, as functions of samples: they know no tables, no SQL and no time."""
