"""Which services there are, and what each of them is given of the others: decided in here, and nowhere else.

What a new workspace needs at once is wired in `beginning`. Each other room of `fakebricks.services` has a module of its
name here, which loads, with all that it imports, when the first service of that room is asked for.
"""

from fakebricks.wiring.services import Services, StorageOption

__all__ = ["Services", "StorageOption"]
