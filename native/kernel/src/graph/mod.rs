//! The graph of a workflow and the state machine of one run of it.
//!
//! [`check`] finds every structural fault of a graph, [`Plan`] is a graph without faults, shared by
//! any number of runs, and [`Run`] decides what may start next. Nothing here reads a clock, starts a
//! thread or calls the host: the host asks for what is ready, runs it, and settles it.
//!
//! A *node* belongs to the plan, an *activation* is one execution of a node within a run. They have
//! types of their own because a body that repeats gives one node many activations.

mod admission;
mod check;
mod error;
mod events;
mod join;
mod plan;
mod run;
mod settle;
mod state;
#[cfg(test)]
mod tests;

pub use check::{Finding, FindingCode, check};
pub use error::GraphError;
pub use events::{Event, What};
pub use plan::{EdgeSpec, NodeSpec, Plan};
pub use run::{Activation, ActivationReport, Limits, Run};
pub use settle::{Settled, Settlement};
pub use state::{DeadReason, EdgeState, OnError, Outcome, State};
