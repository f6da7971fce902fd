//! The engine with its edge and its time in the host's hands, so that codecs can be tried without a server.
//!
//! Everything between [`Engine::start`] and the mailbox is the real thing: retries, breaker, limits, time-outs
//! and framing. Only requests go to the host instead of the network, and time passes in [`Rehearsal::run`]
//! alone, from one timer to the next.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};

use super::engine::Engine;
use super::policy::Policy;
use super::request::Request;
use super::transport::{Reply, Transport};
use super::wire::{self, Script};
use crate::clock::{Clock, Time};
use crate::error::{Error, Phase};
use crate::mailbox::Mailbox;
use crate::runtime::Runtime;

/// What the host lets become of a request.
#[derive(Debug)]
pub enum Answer {
    /// A connection over which these bytes come.
    Bytes(Script),
    /// No connection.
    Refused,
    /// The host cannot say; the call fails with this and is not tried again.
    Fault(String),
}

/// An engine that sends nothing. The seed drives all jitter.
#[derive(Debug)]
pub struct Rehearsal {
    engine: Engine,
    edge: Arc<Edge>,
    clock: Arc<TokioClock>,
    mailboxes: Mutex<Vec<Weak<Mailbox>>>,
    runtime: Mutex<tokio::runtime::Runtime>,
}

impl Rehearsal {
    /// An engine whose clock begins at zero, and at `wall` since the Unix epoch.
    pub fn new(seed: u64, wall: Duration) -> Result<Rehearsal, Error> {
        let own = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .map_err(|error| Error::Internal(format!("the rehearsal cannot start: {error}")))?;
        let clock = Arc::new(TokioClock::new(own.handle().clone(), wall));
        let runtime = Arc::new(Runtime::from_handle(clock.clone(), own.handle().clone()));
        let edge = Arc::new(Edge::default());
        let engine = Engine::with_transport(runtime, edge.clone(), seed);
        Ok(Rehearsal { engine, edge, clock, mailboxes: Mutex::default(), runtime: Mutex::new(own) })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A mailbox for its calls.
    pub fn mailbox(&self) -> io::Result<Arc<Mailbox>> {
        let made = Arc::new(Mailbox::heard_by(Arc::clone(&self.edge.news))?);
        let mut known = lock(&self.mailboxes);
        known.retain(|mailbox| mailbox.strong_count() > 0);
        known.push(Arc::downgrade(&made));
        Ok(made)
    }

    /// Lets time pass until there is something for the host, but no longer than `limit`; returns how much did.
    /// While something is there, none passes.
    pub fn run(&self, limit: Duration) -> Duration {
        let runtime = lock(&self.runtime);
        let before = self.clock.now();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.news() => {}
                () = tokio::time::sleep(limit) => {}
            }
        });
        self.clock.now().since(before)
    }

    /// Requests that came since the last call, with the numbers by which they are answered.
    pub fn requests(&self) -> Vec<(u64, Request)> {
        std::mem::take(&mut self.edge.state().asked)
    }

    /// Answers a request. One that is not answered runs into the connect time-out. An answer that comes after
    /// that goes nowhere.
    pub fn answer(&self, number: u64, answer: Answer) {
        if let Some(asker) = self.edge.state().askers.remove(&number) {
            let _ = asker.send(answer);
        }
    }

    async fn news(&self) {
        loop {
            let news = self.edge.news.notified();
            if self.anything() {
                return;
            }
            news.await;
        }
    }

    fn anything(&self) -> bool {
        let holds_some =
            |mailbox: &Weak<Mailbox>| mailbox.upgrade().is_some_and(|mailbox| mailbox.holds_some());
        !self.edge.state().asked.is_empty() || lock(&self.mailboxes).iter().any(holds_some)
    }
}

/// Where requests wait for the host's answer.
#[derive(Debug, Default)]
struct Edge {
    state: Mutex<State>,
    news: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    asked: Vec<(u64, Request)>,
    askers: HashMap<u64, oneshot::Sender<Answer>>,
}

impl Edge {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn ask(&self, request: Request) -> oneshot::Receiver<Answer> {
        let (sender, answer) = oneshot::channel();
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.asked.push((number, request));
        state.askers.insert(number, sender);
        drop(state);
        self.news.notify_one();
        answer
    }
}

impl Transport for Edge {
    fn send(&self, request: Request, policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        let (connect, first_byte) = (policy.connect_timeout, policy.first_byte_timeout);
        let answer = self.ask(request.clone());
        async move {
            let overdue = |phase, timeout| move |_| Error::Deadline { phase, timeout };
            let answer =
                tokio::time::timeout(connect, answer).await.map_err(overdue(Phase::Connect, connect))?;
            match answer {
                Ok(Answer::Bytes(script)) => {
                    let head = tokio::time::timeout(first_byte, wire::exchange(request, script)).await;
                    head.map_err(overdue(Phase::FirstByte, first_byte))?
                }
                Ok(Answer::Refused) => {
                    let detail = "tcp connect error: connection refused".into();
                    Err(Error::Transport { phase: Phase::Connect, detail })
                }
                Ok(Answer::Fault(message)) => Err(Error::validation("replies", message)),
                Err(_) => Err(Error::Internal("the rehearsal is over".into())),
            }
        }
        .boxed()
    }
}

/// The paused clock of the rehearsal's own runtime.
#[derive(Debug)]
struct TokioClock {
    handle: tokio::runtime::Handle,
    origin: tokio::time::Instant,
    wall: Duration,
}

impl TokioClock {
    fn new(handle: tokio::runtime::Handle, wall: Duration) -> TokioClock {
        let origin = Self::instant(&handle);
        TokioClock { handle, origin, wall }
    }

    #[allow(clippy::disallowed_methods)]
    fn instant(handle: &tokio::runtime::Handle) -> tokio::time::Instant {
        let _inside = handle.enter();
        tokio::time::Instant::now()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Time {
        Time(Self::instant(&self.handle).duration_since(self.origin))
    }

    fn wall(&self) -> Duration {
        self.wall + self.now().0
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
