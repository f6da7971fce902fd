from __future__ import annotations

import pytest
from graphbit_openai import AzureOpenAIResponsesProvider, OpenAIResponsesProvider

from graphbit_core import Host, LlmClient, ModelRegistry

HOST = Host.isolated(
    {
        ("provider", "openai_responses"): OpenAIResponsesProvider,
        ("provider", "azure_responses"): AzureOpenAIResponsesProvider,
    }
)


@pytest.mark.parametrize(("name", "owner"), [("openai_responses", "openai"), ("azure_responses", "azure")])
def test_a_model_costs_the_same_over_either_api(name: str, owner: str) -> None:
    registry = ModelRegistry(environ={})
    found = registry.resolve(f"{name}:gpt-5.6-luna", [name, owner])
    assert (found.provider, found.model) == (name, "gpt-5.6-luna")
    assert found.info is not None
    assert found.info == registry.info(owner, "gpt-5.6-luna")
    assert found.info.prices
    client = LlmClient(f"{name}:gpt-5.6-luna", host=HOST, api_key="sk-x1234567", base_url="https://x.example")
    assert name in repr(client)
