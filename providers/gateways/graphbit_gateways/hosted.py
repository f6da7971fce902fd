"""Gateways on the net. Sources: their documentation and SDKs as of November 2026."""

from __future__ import annotations

from graphbit_openai import Quirks

from graphbit_gateways.gateway import AI21Gateway, Gateway, OpenRouterGateway

_MEDIA = frozenset({"audio", "files"})

MOONSHOT = Gateway(
    name="moonshot",
    base_url="https://api.moonshot.ai/v1",
    key_env=("MOONSHOT_API_KEY",),
    default_model="kimi-k2.6",
    reasoning=True,
    quirks=Quirks(
        max_tokens_field="max_tokens",
        forced_tool="refused",
        max_temperature=1.0,
        flat_text=True,
        replay="with_calls_always",
        refuses=_MEDIA | {"seed", "parallel_tool_calls"},
    ),
    note="In China: base_url https://api.moonshot.cn/v1. Its reasoning models take no temperature but 1.",
)
DEEPSEEK = Gateway(
    name="deepseek",
    base_url="https://api.deepseek.com",
    key_env=("DEEPSEEK_API_KEY",),
    default_model="deepseek-v4-flash",
    reasoning=True,
    quirks=Quirks(
        max_tokens_field="max_tokens",
        flat_text=True,
        replay="with_calls",
        refuses=_MEDIA | {"seed", "parallel_tool_calls", "output"},
    ),
    note='Thinks by default; extra={"thinking": {"type": "disabled"}} turns it off. No JSON schemas.',
)
XAI = Gateway(
    name="xai",
    base_url="https://api.x.ai/v1",
    key_env=("XAI_API_KEY",),
    default_model="grok-4.3",
    reasoning=True,
    quirks=Quirks(
        refuses=_MEDIA | {"stop", "frequency_penalty", "presence_penalty"},
        require_finish=False,
        reasoning_apart=True,
        cost="cost_in_usd_ticks",
        cost_unit=1e-10,
    ),
    note='Its reasoning models refuse stop and penalties; quirks={"refuses": []} for one that does not.',
)
GROQ = Gateway(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    key_env=("GROQ_API_KEY",),
    default_model="openai/gpt-oss-20b",
    reasoning=True,
    quirks=Quirks(refuses=_MEDIA | {"name", "logit_bias", "logprobs", "top_logprobs"}),
    note="A request above the tokens of a minute is refused for good (HTTP 413): make it shorter.",
)
MISTRAL = Gateway(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    key_env=("MISTRAL_API_KEY", "MISTRALAI_API_KEY"),
    default_model="mistral-large-latest",
    reasoning=True,
    embeds=True,
    quirks=Quirks(
        max_tokens_field="max_tokens",
        seed_field="random_seed",
        forced_tool="any",
        max_temperature=1.5,
        include_usage=False,
        replay="chunks",
        refuses=_MEDIA | {"name"},
    ),
    note='Its OpenAI form; extra={"safe_prompt": True} and the like go through.',
)
OPENROUTER = OpenRouterGateway(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    key_env=("OPENROUTER_API_KEY",),
    default_model="openai/gpt-5.6-luna",
    reasoning=True,
    embeds=True,
    quirks=Quirks(effort_field="reasoning.effort", replay="details", cost="cost"),
    note="Models of many makers, as maker/model; what one of them refuses, OpenRouter says.",
)
TOGETHER = Gateway(
    name="together",
    base_url="https://api.together.ai/v1",
    key_env=("TOGETHER_API_KEY",),
    default_model="openai/gpt-oss-120b",
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens", refuses=_MEDIA),
)
FIREWORKS = Gateway(
    name="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    key_env=("FIREWORKS_API_KEY",),
    default_model="accounts/fireworks/models/glm-5p3-flash",
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens", forced_tool="any", refuses=_MEDIA),
)
PERPLEXITY = Gateway(
    name="perplexity",
    base_url="https://api.perplexity.ai",
    key_env=("PERPLEXITY_API_KEY",),
    default_model="sonar",
    quirks=Quirks(
        max_tokens_field="max_tokens",
        include_usage=False,
        require_done=False,
        cost="cost.total_cost",
        refuses=_MEDIA | {"tools", "tool_choice", "parallel_tool_calls", "stop", "seed"},
    ),
    note="Searches the web: `response.raw` has `citations` and `search_results`.",
)
CEREBRAS = Gateway(
    name="cerebras",
    base_url="https://api.cerebras.ai/v1",
    key_env=("CEREBRAS_API_KEY",),
    default_model="gpt-oss-120b",
    reasoning=True,
    quirks=Quirks(
        max_temperature=1.5, refuses=_MEDIA | {"frequency_penalty", "presence_penalty", "logit_bias"}
    ),
)
NVIDIA = Gateway(
    name="nvidia",
    base_url="https://integrate.api.nvidia.com/v1",
    key_env=("NVIDIA_API_KEY", "NVIDIA_NIM_API_KEY"),
    default_model="openai/gpt-oss-120b",
    reasoning=True,
    quirks=Quirks(max_tokens_field="max_tokens", refuses=_MEDIA),
    note="Also for a NIM container of one's own: set base_url.",
)
BYTEDANCE = Gateway(
    name="bytedance",
    base_url="https://ark.ap-southeast.bytepluses.com/api/v3",
    key_env=("ARK_API_KEY", "BYTEDANCE_API_KEY"),
    default_model="seed-1-6-250915",
    reasoning=True,
    embeds=True,
    quirks=Quirks(max_tokens_field="max_tokens", replay="with_calls", refuses=_MEDIA | {"seed"}),
    note="Ark. The model may be an endpoint, ep-…; in China: https://ark.cn-beijing.volces.com/api/v3.",
)
AI21 = AI21Gateway(
    name="ai21",
    base_url="https://api.ai21.com/studio/v1",
    key_env=("AI21_API_KEY",),
    default_model="jamba-mini",
    quirks=Quirks(
        max_tokens_field="max_tokens",
        flat_text=True,
        include_usage=False,
        require_finish=False,
        refuses=_MEDIA | {"images", "output", "parallel_tool_calls", "reasoning_effort"},
    ),
)
HOSTED = (
    *(MOONSHOT, DEEPSEEK, XAI, GROQ, MISTRAL, OPENROUTER, TOGETHER, FIREWORKS, PERPLEXITY, CEREBRAS),
    *(NVIDIA, BYTEDANCE, AI21),
)
