"""The error tree. Every class ends in ``Error``; errors carry facts, and nobody decides by reading English.

GraphBitError
├── ConfigError                      a setting, file or environment variable is wrong
├── ValidationError (ValueError)     input or a workflow is wrong; ``findings`` lists every fault
├── PluginError                      a component could not be had
│   ├── ComponentNotFoundError       nobody installed offers it
│   ├── IncompatiblePluginError      made for another version of the plugin API
│   ├── PluginConflictError          two distributions offer the same name
│   └── PluginLoadError              its import or registration failed; the cause is chained
├── DocumentError                    a document could not be read
├── WorkflowError                    a run did not do what was asked
│   ├── NodeError                    one node failed; ``__cause__`` is what its body raised
│   ├── MissingInputError            an input the workflow names was not given
│   ├── OutputNotProducedError       an output was asked for that no node produced
│   ├── LoopExhaustedError           a loop did not come to its end in time
│   ├── RunShedError                 refused before any work: too many runs
│   ├── BudgetExceededError          a cap on nodes, tokens, tool rounds, bytes or time was reached
│   └── LeaseLostError               another process owns the run now
├── ProviderError                    a model API answered, and the answer is an error
│   ├── AuthError (PermissionError)  401, 403: the credential was refused
│   ├── RateLimitError               429: slow down, or the quota is used up
│   ├── BadRequestError              other 4xx: the request itself was refused
│   └── UnavailableError             5xx, 408: the service could not serve
├── TransportError (ConnectionError) no usable answer arrived
│   ├── CircuitOpenError             not sent: the resource failed too often just now
│   └── StreamInterruptedError       a stream ended before its end; ``partial`` is what had come
├── HttpStatusError                  a server answered an http_request node with an unexpected status
├── EgressError                      not sent: the address is not one that this call may reach
├── DeadlineError (TimeoutError)     time ran out; ``phase`` says in which part of the call
├── DecodeError                      an answer arrived that is not what its API promises
├── StructuredOutputError            a model's answer is not the JSON that was asked for
├── ProcessError                     a function in a process of its own failed, or its process ended
├── ToolError                        a tool failed; ``reason`` says how
├── ResourceExhaustedError (MemoryError)  a limit on size, memory or count was reached
│   └── ToolRoundsError              an agent still asked for tools after its last model call
├── ForkError                        used in a forked child; make a new object there
└── InternalError                    a fault of GraphBit itself; please report it
"""

from graphbit_core.errors.base import (
    ComponentNotFoundError,
    ConfigError,
    DocumentError,
    Finding,
    ForkError,
    GraphBitError,
    IncompatiblePluginError,
    InternalError,
    PluginConflictError,
    PluginError,
    PluginLoadError,
    ResourceExhaustedError,
    ValidationError,
)
from graphbit_core.errors.call import (
    AuthError,
    BadRequestError,
    CircuitOpenError,
    DeadlineError,
    DecodeError,
    EgressError,
    HttpStatusError,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    StructuredOutputError,
    TransportError,
    UnavailableError,
)
from graphbit_core.errors.run import (
    BudgetExceededError,
    LeaseLostError,
    LoopExhaustedError,
    MissingInputError,
    NodeError,
    OutputNotProducedError,
    ProcessError,
    RunShedError,
    ToolError,
    ToolRoundsError,
    WorkflowError,
)

__all__ = [
    "AuthError",
    "BadRequestError",
    "BudgetExceededError",
    "CircuitOpenError",
    "ComponentNotFoundError",
    "ConfigError",
    "DeadlineError",
    "DecodeError",
    "DocumentError",
    "EgressError",
    "Finding",
    "ForkError",
    "GraphBitError",
    "HttpStatusError",
    "IncompatiblePluginError",
    "InternalError",
    "LeaseLostError",
    "LoopExhaustedError",
    "MissingInputError",
    "NodeError",
    "OutputNotProducedError",
    "PluginConflictError",
    "PluginError",
    "PluginLoadError",
    "ProcessError",
    "ProviderError",
    "RateLimitError",
    "ResourceExhaustedError",
    "RunShedError",
    "StreamInterruptedError",
    "StructuredOutputError",
    "ToolError",
    "ToolRoundsError",
    "TransportError",
    "UnavailableError",
    "ValidationError",
    "WorkflowError",
]
