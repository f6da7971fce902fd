"""Gateways that one runs oneself. They ask for no key unless they were started with one."""

from __future__ import annotations

from graphbit_openai import Quirks

from graphbit_gateways.gateway import Gateway

_OWN = "default"
"""Servers with one model answer to any name, or to the name they were started with."""

VLLM = Gateway(
    name="vllm",
    base_url="http://127.0.0.1:8000/v1",
    key_env=("VLLM_API_KEY",),
    key_required=False,
    default_model=_OWN,
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens", refuses=frozenset({"files"})),
    note="Name the model that it serves, or start it with --served-model-name default.",
)
LM_STUDIO = Gateway(
    name="lm_studio",
    base_url="http://127.0.0.1:1234/v1",
    key_env=("LM_STUDIO_API_KEY",),
    key_required=False,
    default_model=_OWN,
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens", refuses=frozenset({"audio", "files"})),
)
LITELLM = Gateway(
    name="litellm",
    base_url="http://127.0.0.1:4000/v1",
    key_env=("LITELLM_API_KEY", "LITELLM_MASTER_KEY"),
    key_required=False,
    default_model=_OWN,
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens"),
    note="The proxy. Models have the names of its configuration.",
)
LLAMA_CPP = Gateway(
    name="llama_cpp",
    base_url="http://127.0.0.1:8080/v1",
    key_env=("LLAMA_API_KEY",),
    key_required=False,
    default_model=_OWN,
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens", refuses=frozenset({"files"})),
    note="llama-server; it answers with the model it was started with, whatever the name.",
)
COMPATIBLE = Gateway(
    name="compatible",
    base_url="",
    key_env=(),
    key_required=False,
    default_model=_OWN,
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens"),
    note="Any other server: give base_url, api_key if it wants one, and quirks where it differs.",
)
LOCAL = (VLLM, LM_STUDIO, LITELLM, LLAMA_CPP, COMPATIBLE)
