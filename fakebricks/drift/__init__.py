"""Library drift: what becomes of a model that is served or loaded with other libraries than it was trained with.

`reading.read_contents` tells what a model's files hold, `verdicts.judge` what other libraries make of it. Nothing is
executed, unpickled or built. Loads late: it needs `packaging`.
"""
