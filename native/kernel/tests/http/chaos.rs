//! Whatever becomes of calls, in whatever order: no limiter admits too many, none is stuck, and all comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{CallId, CallSpec, Event, Kind, Policy, Reply, Request, Transport};
use graphbit_kernel::resilience::{Limits, QueueDelay, Rate};
use proptest::prelude::*;

use crate::rig::{Rig, millis, post};

const PERMITS: usize = 3;
const LIMITERS: [&str; 3] = ["plain", "shedding", "adaptive"];
const RESOURCES: [&str; 2] = ["one", "other"];

#[derive(Clone, Copy, Debug)]
enum Fate {
    Status(u16),
    Refused,
    Silent,
    Cut,
}

#[derive(Clone, Debug)]
struct Plan {
    gap: u64,
    limiter: usize,
    resource: usize,
    latency: u64,
    fate: Fate,
    deadline: Option<u64>,
    cancelled: Option<u64>,
    streamed: bool,
    restarts: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let fate = prop_oneof![
        4 => Just(Fate::Status(200)),
        1 => Just(Fate::Status(400)),
        2 => Just(Fate::Status(429)),
        1 => Just(Fate::Status(503)),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Silent),
        1 => Just(Fate::Cut),
    ];
    let times =
        (0u64..300, 0u64..2000, prop::option::of(1u64..20_000), prop::option::weighted(0.3, 0u64..3000));
    (times, 0..3usize, 0..2usize, fate, any::<bool>(), any::<bool>()).prop_map(
        |((gap, latency, deadline, cancelled), limiter, resource, fate, streamed, restarts)| Plan {
            gap,
            limiter,
            resource,
            latency,
            fate,
            deadline,
            cancelled,
            streamed,
            restarts,
        },
    )
}

/// Does with the call whose number is the path what its plan says, and counts how many run per limiter.
#[derive(Debug)]
struct Wild {
    plans: Vec<Plan>,
    running: Arc<Mutex<BTreeMap<usize, usize>>>,
}

struct Running(Arc<Mutex<BTreeMap<usize, usize>>>, usize);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.lock().unwrap().entry(self.1).or_default() -= 1;
    }
}

impl Transport for Wild {
    fn send(&self, request: Request, _policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        let plan = self.plans[request.url.path()[1..].parse::<usize>().unwrap()].clone();
        *self.running.lock().unwrap().entry(plan.limiter).or_default() += 1;
        let guard = Running(Arc::clone(&self.running), plan.limiter);
        async move {
            let _guard = guard;
            tokio::time::sleep(millis(plan.latency)).await;
            let frames = stream::iter([Ok("data: x\n\n".into())]);
            let cut = Error::Transport { phase: Phase::Read, detail: "cut".into() };
            let (status, body) = match plan.fate {
                Fate::Status(status) => (status, frames.boxed()),
                Fate::Silent => (200, frames.chain(stream::pending()).boxed()),
                Fate::Cut => (200, frames.chain(stream::iter([Err(cut)])).boxed()),
                Fate::Refused => {
                    return Err(Error::Transport { phase: Phase::Connect, detail: "refused".into() });
                }
            };
            Ok(Reply { status, headers: Vec::new(), body })
        }
        .boxed()
    }
}

fn limits(rig: &Rig) {
    let requests = Some(Rate::per_minute(3000.0).unwrap().with_burst(10));
    let base = Limits { max_concurrency: PERMITS, requests, ..Limits::default() };
    let queue_delay = Some(QueueDelay { target: millis(300), interval: millis(1000) });
    rig.engine.limit("plain", base.clone());
    rig.engine.limit("shedding", Limits { queue_delay, ..base.clone() });
    rig.engine.limit("adaptive", Limits { adaptive: true, ..base });
}

fn spec(number: usize, plan: &Plan, rig: &Rig) -> CallSpec {
    let mut spec = post(&format!("http://scripted/{number}"));
    spec.resource = RESOURCES[plan.resource].into();
    spec.limiter = Some(LIMITERS[plan.limiter].into());
    spec.deadline = plan.deadline.map(|deadline| rig.clock.now() + millis(deadline));
    spec.framing = plan.streamed.then_some(graphbit_kernel::framing::Framing::Sse);
    spec.notices = plan.restarts;
    spec.policy.restart_streams = plan.restarts;
    spec.policy.idle_timeout = Duration::from_secs(3);
    spec
}

/// Gives the verdict that is due, if one is; whether the call is over then.
fn judge(rig: &Rig, call: CallId, event: &Event) -> bool {
    match event {
        Event::Failed { .. } => true,
        Event::End { .. } | Event::Reply { status: 200, .. } => rig.engine.ok(call, 1).is_ok(),
        Event::Reply { status: 429, .. } => {
            rig.engine.retry(call, Kind::RateLimited, Some(millis(700))).unwrap().1.is_some()
        }
        Event::Reply { status: 503, .. } => {
            rig.engine.retry(call, Kind::Unavailable, None).unwrap().1.is_some()
        }
        Event::Reply { .. } => rig.engine.fail(call, Kind::Rejected, None).is_ok(),
        _ => false,
    }
}

async fn run(plans: Vec<Plan>) {
    let running: Arc<Mutex<BTreeMap<usize, usize>>> = Arc::default();
    let rig = Rig::scripted(Arc::new(Wild { plans: plans.clone(), running: Arc::clone(&running) }));
    limits(&rig);
    let (mut open, mut cancels) = (BTreeSet::new(), BTreeSet::new());
    let mut coming = plans.iter().enumerate();
    let (begun, mut next_at) = (rig.clock.now(), rig.clock.now());
    let mut next = coming.next();
    while next.is_some() || !open.is_empty() {
        let now = rig.clock.now();
        assert!(now.since(begun) < Duration::from_secs(1800), "stuck: {open:?}");
        if let Some((number, plan)) = next.filter(|_| now >= next_at) {
            let call = rig.start(spec(number, plan, &rig));
            open.insert(call);
            cancels.extend(plan.cancelled.map(|after| (now + millis(after), call)));
            next = coming.next();
            next_at = now + millis(plan.gap);
        }
        while let Some((_, call)) = cancels.first().copied().filter(|(at, _)| *at <= now) {
            cancels.pop_first();
            rig.engine.cancel(call);
            open.remove(&call);
        }
        for (call, event) in rig.mailbox.drain() {
            if open.contains(&call) && judge(&rig, call, &event) {
                open.remove(&call);
            }
        }
        tokio::time::sleep(millis(5)).await;
        // Only now: a call that is cancelled gives its permit back at once, and its socket a moment later.
        let most = running.lock().unwrap().values().copied().max().unwrap_or(0);
        assert!(most <= PERMITS, "{most} calls at a time");
    }
    for name in RESOURCES {
        rig.assert_idle(name).await;
    }
    for name in LIMITERS {
        let stats = rig.engine.limiter_stats(name);
        assert_eq!((stats.in_flight, stats.queued), (0, 0), "{name}");
    }
    assert!(running.lock().unwrap().values().all(|count| *count == 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_becomes_of_calls_all_comes_back(plans in prop::collection::vec(plan(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(run(plans));
    }
}
