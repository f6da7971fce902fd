//! An engine with a mailbox, and short ways to use both.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use graphbit_kernel::clock::{Clock, SystemClock, Time};
use graphbit_kernel::error::Error;
use graphbit_kernel::framing::Framing;
use graphbit_kernel::http::{CallId, CallSpec, Engine, Event, Policy, Request, Transport};
use graphbit_kernel::mailbox::Mailbox;
use graphbit_kernel::runtime::Runtime;

pub struct Rig {
    pub engine: Engine,
    pub mailbox: Arc<Mailbox>,
    pub clock: Arc<dyn Clock>,
    arrived: Mutex<VecDeque<(CallId, Event)>>,
}

impl Rig {
    /// Over sockets, on the test's runtime.
    pub fn new() -> Rig {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let runtime = Runtime::from_handle(Arc::clone(&clock), tokio::runtime::Handle::current());
        Self::with(Engine::new(Arc::new(runtime), 1), clock)
    }

    /// Over a scripted transport, on tokio's clock.
    pub fn scripted(transport: Arc<dyn Transport>) -> Rig {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
        let runtime = Runtime::from_handle(Arc::clone(&clock), tokio::runtime::Handle::current());
        Self::with(Engine::with_transport(Arc::new(runtime), transport, 1), clock)
    }

    /// Over a transport of the test's own, on the test's runtime.
    pub fn over(transport: Arc<dyn Transport>) -> Rig {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let runtime = Runtime::from_handle(Arc::clone(&clock), tokio::runtime::Handle::current());
        Self::with(Engine::with_transport(Arc::new(runtime), transport, 1), clock)
    }

    fn with(engine: Engine, clock: Arc<dyn Clock>) -> Rig {
        let mailbox = Arc::new(Mailbox::new().unwrap());
        Rig { engine, mailbox, clock, arrived: Mutex::default() }
    }

    pub fn start(&self, spec: CallSpec) -> CallId {
        self.engine.start(&self.mailbox, spec).unwrap()
    }

    /// The next event, whichever call it is of.
    pub async fn next(&self) -> (CallId, Event) {
        loop {
            self.arrived.lock().unwrap().extend(self.mailbox.drain());
            if let Some(event) = self.arrived.lock().unwrap().pop_front() {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The next event must be a whole reply: status and body.
    pub async fn reply(&self) -> (u32, u16, Bytes) {
        match self.next().await.1 {
            Event::Reply { attempt, status, body, .. } => (attempt, status, body),
            other => panic!("not a reply: {other:?}"),
        }
    }

    /// The end of a call that fails, whatever came before: error and attempts.
    pub async fn failure(&self) -> (Error, u32) {
        loop {
            match self.next().await.1 {
                Event::Failed { error, attempts } => return (error, attempts),
                Event::Reply { status, .. } => panic!("a reply ({status}) instead of a failure"),
                _ => {}
            }
        }
    }

    /// How a call that is not streamed comes out, redirects aside.
    pub async fn outcome(&self) -> Result<(u16, Bytes), Error> {
        loop {
            match self.next().await.1 {
                Event::Reply { status, body, .. } => return Ok((status, body)),
                Event::Failed { error, .. } => return Err(error),
                Event::Redirect { .. } | Event::Notice(_) => {}
                other => panic!("not of a whole reply: {other:?}"),
            }
        }
    }

    /// Everything of a stream up to its end or failure.
    pub async fn stream(&self) -> (Vec<(String, String)>, Result<(), Error>) {
        let mut frames = Vec::new();
        loop {
            match self.next().await.1 {
                Event::Frames(more) => frames.extend(more.into_iter().map(|frame| (frame.event, frame.data))),
                Event::End { .. } => return (frames, Ok(())),
                Event::Failed { error, .. } => return (frames, Err(error)),
                Event::Notice(_) | Event::Open { .. } | Event::Restart { .. } | Event::Redirect { .. } => {}
                Event::Reply { status, .. } => panic!("a reply ({status}) instead of a stream"),
            }
        }
    }

    pub fn after(&self, secs: f64) -> Option<Time> {
        Some(self.clock.now() + Duration::from_secs_f64(secs))
    }

    /// Nothing may be left once all calls of a test are over.
    pub async fn assert_idle(&self, resource: &str) {
        assert_eq!(self.engine.in_flight(), 0);
        let stats = self.engine.stats(resource);
        assert_eq!((stats.in_flight, stats.queued), (0, 0));
    }
}

/// A POST to `url` with fast retries; tests change what they are about.
pub fn post(url: &str) -> CallSpec {
    CallSpec {
        resource: "model".into(),
        limiter: None,
        request: Request::new("POST", url, [("content-type", "application/json")], Bytes::from("{}"))
            .unwrap(),
        framing: None,
        idempotent: true,
        tokens: 1,
        deadline: None,
        notices: false,
        policy: Policy { backoff_base: Duration::from_millis(2), ..Policy::default() },
    }
}

/// The same, as a stream of server-sent events.
pub fn stream(url: &str) -> CallSpec {
    CallSpec { framing: Some(Framing::Sse), ..post(url) }
}

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Tokio's clock, which a test can pause.
#[derive(Debug)]
pub struct TokioClock(tokio::time::Instant);

impl TokioClock {
    #[allow(clippy::disallowed_methods)]
    fn new() -> Self {
        TokioClock(tokio::time::Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Time {
        Time(self.0.elapsed())
    }

    fn wall(&self) -> Duration {
        Duration::from_secs(1_700_000_000) + self.0.elapsed()
    }
}
