//! An engine whose edge is scripted, on tokio's paused clock. Sockets and a paused clock do not mix.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use graphbit_kernel::clock::Time;
use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{CallSpec, Policy, Reply, Request, Transport};

use crate::rig::{Rig, post};

/// What the script says to one request.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Reply(u16),
    /// A 200 with these headers.
    With(&'static [(&'static str, &'static str)]),
    Refuse,
    Silence,
    /// So many frames in one piece each, and then silence.
    Frames(usize),
    /// A comment every ten seconds, for ever.
    Comments,
}

/// Answers requests in order; the last step repeats.
#[derive(Debug)]
struct Script(Mutex<VecDeque<Step>>);

impl Transport for Script {
    fn send(&self, _request: Request, _policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        let mut steps = self.0.lock().unwrap();
        let step = if steps.len() > 1 { steps.pop_front().unwrap() } else { steps[0] };
        let reply = |status, body| Ok(Reply { status, headers: Vec::new(), body });
        match step {
            Step::Reply(status) => std::future::ready(reply(status, stream::empty().boxed())).boxed(),
            Step::With(headers) => {
                let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
                let body = stream::empty().boxed();
                std::future::ready(Ok(Reply { status: 200, headers, body })).boxed()
            }
            Step::Refuse => {
                let error = Error::Transport { phase: Phase::Connect, detail: "refused".into() };
                std::future::ready(Err(error)).boxed()
            }
            Step::Silence => std::future::ready(reply(200, stream::pending().boxed())).boxed(),
            Step::Frames(count) => {
                let frames = stream::iter((0..count).map(|_| Ok(Bytes::from("data: x\n\n"))));
                std::future::ready(reply(200, frames.chain(stream::pending()).boxed())).boxed()
            }
            Step::Comments => {
                let comments = stream::repeat(()).then(|()| async {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    Ok(Bytes::from(": ping\n\n"))
                });
                std::future::ready(reply(200, comments.boxed())).boxed()
            }
        }
    }
}

pub fn rig(steps: &[Step]) -> Rig {
    Rig::scripted(Arc::new(Script(Mutex::new(steps.iter().copied().collect()))))
}

pub fn spec() -> CallSpec {
    CallSpec { policy: Policy::default(), ..post("http://scripted/") }
}

pub fn seconds(since: Time, rig: &Rig) -> f64 {
    rig.clock.now().since(since).as_secs_f64()
}
