"""Answers a question from a page of notes; every part comes from a package of another author, by its name."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from graphbit_core import (
    EmbeddingClient,
    Executor,
    LlmClient,
    ModelInfo,
    Node,
    Record,
    Workflow,
    count_tokens,
    default_host,
)
from graphbit_core.testing import ModelServer, Reply

NOTES = "# Tea\nBoil the water, then wait.\n\n# Coffee\nGrind the beans finely.\n"
ALOUD = """event: verse
data: {"line": "MDC"}

event: verse
data: {"line": "CCXLIII"}

event: silence
data: {"why": "spoken", "coins": [9, 2]}

"""

host = default_host()
chunks = host.create("splitter", "heading", chunk_size=80).split(NOTES)
embedder = EmbeddingClient("letterforms", dimensions=128)
store = host.create("vector_store", "shoebox", dimensions=128)
vectors = embedder.embed([chunk.text for chunk in chunks])
store.add(
    Record(f"at {chunk.start}", vector, chunk.text) for chunk, vector in zip(chunks, vectors, strict=True)
)
verse = ModelInfo("verse", "delphi", tokenizer="syllables")
syllables = count_tokens("Boil the water", verse).tokens

workflow = Workflow("Library")
workflow.chain(
    Node.transform("question", template="{asked}"),
    Node("triage", "sort", rules={"drinks": ["water", "beans"]}),
)
workflow.add_node(Node("retrieve", "found", query="{question}", k=1))
workflow.add_node(Node.agent("answer", "When was this written? {found}"))
workflow.add_node(Node.tool("year", "roman", {"numeral": "{answer}"}))
workflow.connect("sort", "found", when="drinks")
workflow.connect("found", "answer")
workflow.connect("answer", "year")

with ModelServer(Reply.stream(ALOUD)) as server:
    llm = LlmClient("delphi:sibyl", api_key="obol", base_url=server.url)
    executor = Executor(services={"llm": llm, "embedder": embedder, "store": store})
    stream = executor.stream(workflow, {"asked": "How do I grind the beans?"})
    said = [event.data["text"] for event in stream if event.type == "llm.delta"]
    (request,) = server.requests()

told = {
    "chunks": [chunk.text for chunk in chunks],
    "said": said,
    "year": stream.result.output,
    "path": request.path,
    "asked": request.json()["said"],
    "syllables": syllables,
}
calls = Counter[str]()
for line in Path("tally.jsonl").read_text().splitlines():
    calls.update(json.loads(line))
print(json.dumps({**told, "calls": sorted(calls)}))
