"""Which models an agent asks, and in which form they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import Finding, ValidationError
from graphbit_core.kernel import check_policy
from graphbit_core.llm.structured import Form
from graphbit_core.workflow.functions import resolve_function

if TYPE_CHECKING:
    from graphbit_core.host import Host, Resources
    from graphbit_core.llm.client import LlmClient


class AgentModels:
    """The models that an agent names, or the executor's.

    Attributes:
        policy: Bounds of its calls; they go before the client's.

    Args:
        llm: ``provider:model``, an alias, or a model's name; None: the executor's.
        fallbacks: Who is asked when that one fails; each as ``llm``.
        policy: As above.

    Raises:
        ValidationError: A setting is not what it must be.
    """

    def __init__(
        self, llm: str | None, fallbacks: Sequence[str], policy: Mapping[str, float | int] | None
    ) -> None:
        if isinstance(fallbacks, str) or not all(isinstance(one, str) for one in fallbacks):
            raise ValidationError(
                f"fallbacks is {fallbacks!r:.80}; give a list of 'provider:model'", field="fallbacks"
            )
        if not isinstance(policy, Mapping | None):
            raise ValidationError(
                f"policy is {policy!r:.80}; give names and numbers, such as {{max_attempts: 2}}",
                field="policy",
            )
        self._llm, self._fallbacks = llm, tuple(fallbacks)
        self.policy = None if policy is None else dict(policy)
        check_policy(self.policy or {})
        self._clients: WeakKeyDictionary[Host, dict[str, LlmClient]] = WeakKeyDictionary()

    def lacking(self, resources: Resources, needs: Sequence[str]) -> Sequence[Finding]:
        """Why the models cannot be asked; the first one and the fallbacks."""
        from graphbit_core.llm.available import lacking_model

        llm = self._llm or (resources.services or {}).get("llm")
        if llm is None:
            return resources.lacks_service("llm")
        if not isinstance(llm, str) and self._fallbacks:
            return [Finding("fallbacks", _BOTH, "give them to the client: LlmClient(…, fallbacks=[…])")]
        return [
            finding for one in (llm, *self._fallbacks) for finding in lacking_model(one, resources, needs)
        ]

    def client(self, context: NodeContext) -> LlmClient:
        """The client; one and the same for all runs on a host, so that what it measures is of use."""
        llm: str | LlmClient = self._llm or context.service("llm")
        if not isinstance(llm, str):
            if self._fallbacks:
                raise ValidationError(_BOTH, field="fallbacks")
            return llm
        host: Host = context.service("host")
        clients = self._clients.setdefault(host, {})
        if llm not in clients:
            from graphbit_core.llm.client import LlmClient

            clients[llm] = LlmClient(llm, host=host, fallbacks=self._fallbacks)
        return clients[llm]


def form_of(output: Any) -> Form[Any]:
    """The form of a type, also as ``package.module:Type``, or of a JSON Schema.

    Raises:
        ValidationError: It is none of these.
    """
    if isinstance(output, str):
        output = resolve_function(output, "output")
    if not (isinstance(output, Mapping) or callable(output) or _is_hint(output)):
        raise ValidationError(
            f"output is {output!r:.80}; give a type, such as a dataclass, or a JSON Schema", field="output"
        )
    return Form(output)


def _is_hint(output: Any) -> bool:
    return hasattr(output, "__origin__") or hasattr(output, "__args__")


_BOTH = "the executor has a client, which the fallbacks of a node cannot be added to"
