"""What ``scripts/models.py`` adds to the price table, and what it leaves out."""

from __future__ import annotations

from typing import Any

SINCE = "2026-01-01"
"""Models that went before this day are left out."""
PROVIDERS = {
    "ai21": ["ai21"],
    "anthropic": ["anthropic"],
    "azure": ["azure"],
    "bytedance": ["volcengine"],
    "cerebras": ["cerebras"],
    "cohere": ["cohere", "cohere_chat"],
    "deepseek": ["deepseek"],
    "fireworks": ["fireworks_ai", "fireworks_ai-embedding-models"],
    "google": ["gemini"],
    "groq": ["groq"],
    "mistral": ["mistral"],
    "moonshot": ["moonshot"],
    "openai": ["openai"],
    "perplexity": ["perplexity"],
    "replicate": ["replicate"],
    "together": ["together_ai"],
    "xai": ["xai"],
}
"""Our name → the table's names."""
MAKERS = [
    *("ai21", "anthropic", "bytedance", "cohere", "deepseek", "google", "mistral", "moonshot", "openai"),
    *("perplexity", "xai"),
]
SYNONYMS = {
    "ark": "bytedance",
    "azure-openai": "azure",
    "azure_responses": "azure",
    "gemini": "google",
    "kimi": "moonshot",
    "llamacpp": "llama_cpp",
    "lmstudio": "lm_studio",
    "mistralai": "mistral",
    "openai_responses": "openai",
    "togetherai": "together",
}
LOCAL = ["extractive", "llama_cpp", "lm_studio", "ollama", "vllm"]
ONLY = {"fireworks": r"^accounts/", "perplexity": r"^(sonar|pplx-embed)", "together": r"/"}
_LOCAL_PLACES = r"^(eu|us|us-gov|apac|global|global-standard)/"
NOT = {
    "azure": rf"{_LOCAL_PLACES}|^container$|^gpt-35-turbo-16k|^gpt-4-32k|^command|^mistral|^ada$",
    "cohere": r"^embed-multilingual-light",  # the table has a thousand times its price
    "deepseek": r"^deepseek-(coder|r1|v3)$",
    "google": r"(exp-?\d*$|learnlm|lyria|robotics|gemma-2|-tts$|deep-research|computer-use|omni)",
    "groq": r"prompt-guard",
    "mistral": r"(vibe-cli|^mistral-(tiny|small|medium)$)",
    "openai": r"^(ft:|container$|openai/|.*daybreak|.*-cyber|.*rosalind|.*-law$|computer-use)",
    "perplexity": r"^sonar-(small|medium)",
    "replicate": r"^(meta/llama-2|mistralai/)",
    "together": r"(CodeLlama|Qwen2-|Nous-Hermes|Llama-3-|Mixtral-8x7B|together/Tev1)",
    "xai": r"(experimental|-gv2$|-beta)",
}
LEAST_CONTEXT = {"fireworks": 131_072}
"""The table keeps hundreds of small models there that are long gone."""
TOKENIZERS = [
    (r"gpt-oss-(20|120)b", "o200k_harmony"),
    (r"^(gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|o1|o3|o4-mini)", "o200k_base"),
    (r"^(gpt-4|gpt-3\.5|gpt-35|text-embedding-(3|ada))", "cl100k_base"),
]
"""As tiktoken's own table has them; it says nothing about newer models."""
OWN_FACTS = {"aliases", "released", "retires", "successor"}
"""In these a dated name may differ from the plain one."""
_GPT = [
    (r"embedding", ""),
    (r"audio", "gpt-audio-1.5"),
    (r"(mini|nano|luna|gpt-3\.?5)", "gpt-6-luna"),
    (r"", "gpt-6.1-sol"),
]
SUCCESSORS = {
    "anthropic": [
        (r"opus", "claude-opus-5-5"),
        (r"sonnet", "claude-sonnet-5-5"),
        (r"haiku", "claude-haiku-5-5"),
        (r"mythos", "claude-mythos-5-1"),
    ],
    "azure": _GPT,
    "deepseek": [(r"", "deepseek-flash")],
    "google": [
        (r"embedding", "gemini-embedding-2"),
        (r"lite", "gemini-3.5-flash-lite"),
        (r"flash", "gemini-3.8-flash"),
        (r"pro", "gemini-3.1-pro-preview"),
    ],
    "moonshot": [(r"", "kimi-k2.6")],
    "openai": _GPT,
    "xai": [(r"", "grok-4.7")],
}
"""Pattern of what goes → what to use instead; the first that fits holds."""
MODELS: dict[str, dict[str, dict[str, Any]]] = {
    # Days from DEPRECATED_MODELS of the anthropic SDK.
    "anthropic": {
        "claude-3-7-sonnet-20250219": {"aliases": ["claude-3-7-sonnet-latest"], "retires": "2026-02-19"},
        "claude-3-5-haiku-20241022": {"aliases": ["claude-3-5-haiku-latest"], "retires": "2026-02-19"},
        "claude-opus-4-20250514": {"aliases": ["claude-opus-4-0"], "retires": "2026-06-15"},
        "claude-sonnet-4-20250514": {"aliases": ["claude-sonnet-4-0"], "retires": "2026-06-15"},
        "claude-mythos-preview": {"retires": "2026-06-30"},
    },
    "openai": {
        "text-embedding-3-large": {"dimensions": 3072},
        "text-embedding-3-small": {"dimensions": 1536},
        "text-embedding-ada-002": {"dimensions": 1536},
    },
}
"""Facts that the table lacks, put over it."""
