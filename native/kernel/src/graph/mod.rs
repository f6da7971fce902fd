//! The graph of a workflow and the state machine of one run of it.
//!
//! [`check`] finds every structural fault of a graph, [`Plan`] is a graph without faults, shared by
//! any number of runs, and [`Run`] decides what may start next. Nothing here reads a clock, starts a
//! thread or calls the host: the host asks for what is ready, runs it, and settles it.
//!
//! A plan is a tree of *scopes*. A run executes scopes in *frames*: one of the workflow itself, and as
//! many of a container's body as the host asks for. A *node* belongs to a scope, an [`Activation`] is its
//! execution within a frame.

mod activation;
mod admission;
mod check;
mod choice;
mod compensation;
mod containers;
mod error;
mod events;
mod failure;
mod frame;
mod join;
mod path;
mod plan;
mod queries;
mod resolve;
mod rest;
mod rules;
mod run;
mod scope;
mod settle;
mod state;
mod stop;
#[cfg(test)]
mod tests;
mod timers;

pub use activation::{Activation, ActivationReport, Ask, Disposition, Handled, MAX_NODES, Stage, Taken};
pub use check::{Finding, FindingCode, check};
pub use error::GraphError;
pub use events::{Event, Subject, What};
pub use plan::{EdgeKind, EdgeSpec, NodeSpec, Plan, ScopeSpec};
pub use queries::FrameReport;
pub use rules::{Backoff, JoinRule, OnFailure, Rest, Rules, Style};
pub use run::{Limits, Options, Run};
pub use scope::Scope;
pub use settle::{Choice, Failure, Settled, Settlement};
pub use state::{DeadReason, EdgeState, OnError, Outcome, State};
