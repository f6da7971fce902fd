"""English words by how much they say about what a question is after."""

from __future__ import annotations

_FUNCTION = """
a about above after again all also am an and any are as at be because been before being below between both but
by can cannot could did do does doesn doing don down during each few for from further had has have having he
her here hers him his how i if in into is isn it its itself just let me more most my no nor not of off on once
only or other our ours out over own s same she should so some such t than that the their theirs them then
there these they this those through to too under until up us very was we were what when where which while who
whom whose why will with would you your yours
"""

_ASKING = """
actually allow allowed become best call called can cause come difference different do easiest else ever
exactly explain find get give given go happen happens have help kind kinds know known let like make makes many
matter mean means much must need needs one ones possible put really say see set show sort still take tell
thing things tried try two use used using want way ways whether work works write
"""

_COMMON = """
able accept across act actual add afraid agree ahead alone along already although amount another answer
anything appear apply area around arrive ask available avoid away back bad base begin behave behind believe
belong better big bit blank bottom break bring build busy buy care carry case certain chance change check
choose clean clear close cold collect combine common compare complete compute concern consider consist contain
continue control copy cost count cover create cross cut day deal decide deep define depend describe detect
determine difficult directly double draw drop early easy effect either empty end enough ensure enter entire
equal even event every exact example except exist expect extra fact fail fall false far fast fill final fine
finish fire first fit fix follow force form forward free front full gain general good great grow guess half
hand handle hard head hear heavy hide high hit hold hope idea ignore important improve include indicate inside
instead involve issue join jump keep large last late lead leave left less level lie likely limit link list
little live load long look lose lot low main manage mark may meet mention might mind miss mix moment move name
near necessary never new next nice normal notice now number obtain occur odd often old open opposite order
outside pair part particular pass past pay perform perhaps pick piece place plain play point prefer prepare
present press prevent probably problem produce proper protect prove provide pull purpose push quick quiet
quite raise reach read ready real reason receive recognize reduce refer regard relate remain remember remove
repeat replace report represent request require rest result return right rule run safe save second seem select
send sense separate serve several shape share short side sign similar simple since single sit situation size
skip slow small solve soon sound space special specific spend stand star start state stay step stop strange
strip strong suddenly sum supply support suppose sure surround switch talk tend test think throw tight time
together top total touch toward treat true turn twice type understand unique unless useful usual various view
wait walk watch weak well whole wide win wish within without wonder word worse wrong yes yet zero
"""

FUNCTION = frozenset(_FUNCTION.split())
"""In every text; they say nothing."""

ASKING = frozenset(_ASKING.split())
"""Words of questions rather than of answers; they say little."""

COMMON = frozenset(_COMMON.split())
"""Everyday words, for which an answer may well use another one. That no passage has "pip" speaks against an
answer; that none has "switch" hardly does."""
