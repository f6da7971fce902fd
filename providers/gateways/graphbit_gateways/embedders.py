"""Embeddings of the gateways that make them."""

from __future__ import annotations

from graphbit_gateways.gateway import GatewayEmbedder
from graphbit_gateways.hosted import BYTEDANCE, FIREWORKS, MISTRAL, OPENROUTER, TOGETHER
from graphbit_gateways.local import COMPATIBLE, LITELLM, LLAMA_CPP, LM_STUDIO, VLLM

MISTRAL_EMBEDDER = GatewayEmbedder(
    gateway=MISTRAL, default_model="mistral-embed", dimensions_field="output_dimension"
)
OPENROUTER_EMBEDDER = GatewayEmbedder(gateway=OPENROUTER, default_model="openai/text-embedding-3-small")
TOGETHER_EMBEDDER = GatewayEmbedder(gateway=TOGETHER, default_model="BAAI/bge-base-en-v1.5")
FIREWORKS_EMBEDDER = GatewayEmbedder(
    gateway=FIREWORKS, default_model="accounts/fireworks/models/qwen3-embedding-8b"
)
BYTEDANCE_EMBEDDER = GatewayEmbedder(
    gateway=BYTEDANCE, default_model="doubao-embedding-large-text-250515", max_batch=256
)
VLLM_EMBEDDER = GatewayEmbedder(gateway=VLLM, default_model=VLLM.default_model)
LM_STUDIO_EMBEDDER = GatewayEmbedder(gateway=LM_STUDIO, default_model=LM_STUDIO.default_model)
LITELLM_EMBEDDER = GatewayEmbedder(gateway=LITELLM, default_model=LITELLM.default_model)
LLAMA_CPP_EMBEDDER = GatewayEmbedder(gateway=LLAMA_CPP, default_model=LLAMA_CPP.default_model)
COMPATIBLE_EMBEDDER = GatewayEmbedder(gateway=COMPATIBLE, default_model=COMPATIBLE.default_model)

EMBEDDERS = (
    *(MISTRAL_EMBEDDER, OPENROUTER_EMBEDDER, TOGETHER_EMBEDDER, FIREWORKS_EMBEDDER, BYTEDANCE_EMBEDDER),
    *(VLLM_EMBEDDER, LM_STUDIO_EMBEDDER, LITELLM_EMBEDDER, LLAMA_CPP_EMBEDDER, COMPATIBLE_EMBEDDER),
)
