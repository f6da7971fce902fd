from __future__ import annotations

from graphbit_extractive import ExtractiveProvider

from graphbit_core import ChatRequest, Message, PassagePart, TextPart
from graphbit_core.testing import ProviderConformance


class TestExtractiveProvider(ProviderConformance):
    component = ExtractiveProvider
    request = ChatRequest(
        [
            Message(
                "user",
                [
                    PassagePart(1, "The cache keeps a reply for an hour. It is then dropped.", "cache.txt"),
                    TextPart("How long does the cache keep a reply?"),
                ],
            )
        ]
    )
