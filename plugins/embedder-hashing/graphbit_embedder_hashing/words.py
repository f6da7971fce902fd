"""Words that carry no meaning of their own; a hashed vector has no corpus to learn that from."""

from __future__ import annotations

_ENGLISH = """
a about above after again all also am an and any are as at be because been before being below between
both but by can could did do does doing down during each few for from further had has have having he her
here hers him his how i if in into is it its itself just let me more most my no nor not of off on once
only or other our ours out over own same she should so some such than that the their theirs them then
there these they this those through to too under until up very was we were what when where which while
who whom why will with would you your yours
"""

FUNCTION_WORDS = {"english": frozenset(_ENGLISH.split())}
"""Language → words that are left out, except in pairs with others."""
