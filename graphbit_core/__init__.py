"""GraphBit: a plugin-based framework for AI workflows.

Every public name can be imported from here; a module is loaded when one of its names is first used, so
``import graphbit_core`` stays fast and imports no add-on.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphbit_core.contracts import API_VERSION as API_VERSION
    from graphbit_core.contracts.checkpointer import Checkpointer as Checkpointer
    from graphbit_core.contracts.embedder import (
        Embedder as Embedder,
        HttpEmbedder as HttpEmbedder,
        LocalEmbedder as LocalEmbedder,
    )
    from graphbit_core.contracts.exporter import Exporter as Exporter
    from graphbit_core.contracts.loader import Loader as Loader
    from graphbit_core.contracts.node_type import (
        Choice as Choice,
        Container as Container,
        Delay as Delay,
        FrameResult as FrameResult,
        Frames as Frames,
        NodeContext as NodeContext,
        NodeType as NodeType,
        PassOn as PassOn,
    )
    from graphbit_core.contracts.provider import (
        ChatCodec as ChatCodec,
        ChatModel as ChatModel,
        EmbedCodec as EmbedCodec,
        Provider as Provider,
        StreamDecoder as StreamDecoder,
        Vectors as Vectors,
    )
    from graphbit_core.contracts.reranker import Reranker as Reranker
    from graphbit_core.contracts.splitter import Splitter as Splitter
    from graphbit_core.contracts.tokenizer import Tokenizer as Tokenizer
    from graphbit_core.contracts.tool import Tool as Tool, ToolOptions as ToolOptions
    from graphbit_core.contracts.vector_store import VectorStore as VectorStore
    from graphbit_core.documents import (
        DEFAULT_MAX_BYTES as DEFAULT_MAX_BYTES,
        MAX_EXPANDED_BYTES as MAX_EXPANDED_BYTES,
        clean_text as clean_text,
        open_archive as open_archive,
        read_regular_file as read_regular_file,
    )
    from graphbit_core.errors import (
        AuthError as AuthError,
        BadRequestError as BadRequestError,
        BudgetExceededError as BudgetExceededError,
        CircuitOpenError as CircuitOpenError,
        ComponentNotFoundError as ComponentNotFoundError,
        ConfigError as ConfigError,
        DeadlineError as DeadlineError,
        DecodeError as DecodeError,
        DocumentError as DocumentError,
        EgressError as EgressError,
        Finding as Finding,
        ForkError as ForkError,
        GraphBitError as GraphBitError,
        HttpStatusError as HttpStatusError,
        IncompatiblePluginError as IncompatiblePluginError,
        InternalError as InternalError,
        LeaseLostError as LeaseLostError,
        LoopExhaustedError as LoopExhaustedError,
        MissingInputError as MissingInputError,
        NodeError as NodeError,
        OutputNotProducedError as OutputNotProducedError,
        PluginConflictError as PluginConflictError,
        PluginError as PluginError,
        PluginLoadError as PluginLoadError,
        ProcessError as ProcessError,
        ProviderError as ProviderError,
        RateLimitError as RateLimitError,
        ResourceExhaustedError as ResourceExhaustedError,
        RunShedError as RunShedError,
        StreamInterruptedError as StreamInterruptedError,
        StructuredOutputError as StructuredOutputError,
        ToolError as ToolError,
        ToolRoundsError as ToolRoundsError,
        TransportError as TransportError,
        UnavailableError as UnavailableError,
        ValidationError as ValidationError,
        WorkflowError as WorkflowError,
    )
    from graphbit_core.host import (
        ComponentInfo as ComponentInfo,
        Host as Host,
        Registration as Registration,
        Resources as Resources,
        default_host as default_host,
        hookimpl as hookimpl,
    )
    from graphbit_core.kernel.runtime import (
        configure_runtime as configure_runtime,
        runtime_info as runtime_info,
    )
    from graphbit_core.llm.budget import Budget as Budget, Reservation as Reservation, Spent as Spent
    from graphbit_core.llm.cache import ResponseCache as ResponseCache
    from graphbit_core.llm.calls.reply_errors import error_for_status as error_for_status
    from graphbit_core.llm.client import (
        BatchItem as BatchItem,
        ChatStream as ChatStream,
        LlmClient as LlmClient,
    )
    from graphbit_core.llm.embeddings.client import EmbeddingClient as EmbeddingClient
    from graphbit_core.llm.endpoints.endpoint import Endpoint as Endpoint
    from graphbit_core.llm.endpoints.routing import Router as Router
    from graphbit_core.llm.fluent import ModelCall as ModelCall, model as model
    from graphbit_core.llm.models import (
        ModelInfo as ModelInfo,
        ModelRegistry as ModelRegistry,
        ModelSettings as ModelSettings,
        Prices as Prices,
        Resolved as Resolved,
        default_registry as default_registry,
    )
    from graphbit_core.llm.settings import (
        check_base_url as check_base_url,
        optional_key as optional_key,
        resolve_key as resolve_key,
        resource_name as resource_name,
        server_mark as server_mark,
    )
    from graphbit_core.llm.tokens import TokenCount as TokenCount, count_tokens as count_tokens
    from graphbit_core.nodes.lifecycle import Lifecycle as Lifecycle
    from graphbit_core.settings import check_whole_number as check_whole_number
    from graphbit_core.tools.context import ToolContext as ToolContext
    from graphbit_core.tools.decorator import FunctionTool as FunctionTool, tool as tool
    from graphbit_core.tools.registry import (
        ToolRegistry as ToolRegistry,
        ToolStats as ToolStats,
        default_tools as default_tools,
    )
    from graphbit_core.tools.results import ToolResult as ToolResult
    from graphbit_core.tools.running import abandoned_tools as abandoned_tools
    from graphbit_core.types.documents import (
        Chunk as Chunk,
        Condition as Condition,
        Document as Document,
        Match as Match,
        Metadata as Metadata,
        Query as Query,
        Record as Record,
        Vector as Vector,
    )
    from graphbit_core.types.events import EVENT_TYPES as EVENT_TYPES, Event as Event, EventType as EventType
    from graphbit_core.types.http import (
        Frame as Frame,
        Framing as Framing,
        HttpRequest as HttpRequest,
        HttpResponse as HttpResponse,
    )
    from graphbit_core.types.messages import (
        NOT_FOUND as NOT_FOUND,
        AudioPart as AudioPart,
        ChatRequest as ChatRequest,
        ChatResponse as ChatResponse,
        Delta as Delta,
        FilePart as FilePart,
        FinishReason as FinishReason,
        ImagePart as ImagePart,
        JsonOutput as JsonOutput,
        Message as Message,
        PassagePart as PassagePart,
        ReasoningPart as ReasoningPart,
        Role as Role,
        TextPart as TextPart,
        ToolCall as ToolCall,
        ToolSpec as ToolSpec,
        Usage as Usage,
    )
    from graphbit_core.types.secret import Secret as Secret
    from graphbit_core.workflow.context import WorkflowContext as WorkflowContext
    from graphbit_core.workflow.decorators import condition as condition, node as node
    from graphbit_core.workflow.draining import DrainedRun as DrainedRun
    from graphbit_core.workflow.edge import Edge as Edge, EdgeTest as EdgeTest
    from graphbit_core.workflow.event_file import EventFile as EventFile
    from graphbit_core.workflow.executor import Executor as Executor
    from graphbit_core.workflow.limits import RunCaps as RunCaps
    from graphbit_core.workflow.node import Node as Node
    from graphbit_core.workflow.options import AgentOptions as AgentOptions, NodeOptions as NodeOptions
    from graphbit_core.workflow.result import NodeReport as NodeReport, WorkflowResult as WorkflowResult
    from graphbit_core.workflow.stats import ExecutorStats as ExecutorStats
    from graphbit_core.workflow.stream import RunStream as RunStream
    from graphbit_core.workflow.variables import Variable as Variable
    from graphbit_core.workflow.workflow import Workflow as Workflow
    from graphbit_core.workflow.workflow_tool import WorkflowTool as WorkflowTool

_PUBLIC = {
    "contracts": "API_VERSION",
    "contracts.checkpointer": "Checkpointer",
    "contracts.embedder": "Embedder HttpEmbedder LocalEmbedder",
    "contracts.exporter": "Exporter",
    "contracts.loader": "Loader",
    "contracts.node_type": "Choice Container Delay FrameResult Frames NodeContext NodeType PassOn",
    "contracts.provider": "ChatCodec ChatModel EmbedCodec Provider StreamDecoder Vectors",
    "contracts.reranker": "Reranker",
    "contracts.splitter": "Splitter",
    "contracts.tokenizer": "Tokenizer",
    "contracts.tool": "Tool ToolOptions",
    "contracts.vector_store": "VectorStore",
    "documents": "DEFAULT_MAX_BYTES MAX_EXPANDED_BYTES clean_text open_archive read_regular_file",
    "errors": """
        AuthError BadRequestError BudgetExceededError CircuitOpenError ComponentNotFoundError
        ConfigError DeadlineError DecodeError DocumentError EgressError Finding ForkError
        GraphBitError HttpStatusError IncompatiblePluginError InternalError LeaseLostError
        LoopExhaustedError MissingInputError NodeError OutputNotProducedError PluginConflictError
        PluginError PluginLoadError ProcessError ProviderError RateLimitError
        ResourceExhaustedError RunShedError StreamInterruptedError StructuredOutputError ToolError
        ToolRoundsError TransportError UnavailableError ValidationError WorkflowError
    """,
    "host": "ComponentInfo Host Registration Resources default_host hookimpl",
    "kernel.runtime": "configure_runtime runtime_info",
    "llm.budget": "Budget Reservation Spent",
    "llm.cache": "ResponseCache",
    "llm.calls.reply_errors": "error_for_status",
    "llm.client": "BatchItem ChatStream LlmClient",
    "llm.embeddings.client": "EmbeddingClient",
    "llm.endpoints.endpoint": "Endpoint",
    "llm.endpoints.routing": "Router",
    "llm.fluent": "ModelCall model",
    "llm.models": "ModelInfo ModelRegistry ModelSettings Prices Resolved default_registry",
    "llm.settings": "check_base_url optional_key resolve_key resource_name server_mark",
    "llm.tokens": "TokenCount count_tokens",
    "nodes.lifecycle": "Lifecycle",
    "settings": "check_whole_number",
    "tools.context": "ToolContext",
    "tools.decorator": "FunctionTool tool",
    "tools.registry": "ToolRegistry ToolStats default_tools",
    "tools.results": "ToolResult",
    "tools.running": "abandoned_tools",
    "types.documents": "Chunk Condition Document Match Metadata Query Record Vector",
    "types.events": "EVENT_TYPES Event EventType",
    "types.http": "Frame Framing HttpRequest HttpResponse",
    "types.messages": """
        AudioPart ChatRequest ChatResponse Delta FilePart FinishReason ImagePart JsonOutput
        Message NOT_FOUND PassagePart ReasoningPart Role TextPart ToolCall ToolSpec Usage
    """,
    "types.secret": "Secret",
    "workflow.context": "WorkflowContext",
    "workflow.decorators": "condition node",
    "workflow.draining": "DrainedRun",
    "workflow.edge": "Edge EdgeTest",
    "workflow.event_file": "EventFile",
    "workflow.executor": "Executor",
    "workflow.limits": "RunCaps",
    "workflow.node": "Node",
    "workflow.options": "AgentOptions NodeOptions",
    "workflow.result": "NodeReport WorkflowResult",
    "workflow.stats": "ExecutorStats",
    "workflow.stream": "RunStream",
    "workflow.variables": "Variable",
    "workflow.workflow": "Workflow",
    "workflow.workflow_tool": "WorkflowTool",
}
"""Module → the public names it holds."""

_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names.split()}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
