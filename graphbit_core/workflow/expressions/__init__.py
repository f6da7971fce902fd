"""Safe expressions: a small closed language for conditions and small computations in workflow files.

What there is: numbers, texts in quotes, ``true``, ``false``, ``null``, lists; ``and``, ``or``, ``not``;
``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``not in``; ``+``, ``-``, ``*``, ``/``, ``%`` on
numbers; parts of values as ``draft.score``, ``items[0].name``, ``items["a key"]``; and the functions of
``functions.py``. A name that is no word, such as the node id ``draft-1``, stands between backticks.

Nothing else can be reached: there are no attributes, no calls of what a value offers, and no Python is run.
"""

from graphbit_core.workflow.expressions.expression import Expression

__all__ = ["Expression"]
