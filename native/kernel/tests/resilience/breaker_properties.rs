//! The breaker under any order of calls, results and waits.

use std::time::Duration;

use graphbit_kernel::clock::Time;
use graphbit_kernel::resilience::{Breaker, BreakerConfig, Outcome, Permit, State};
use proptest::prelude::*;

use crate::breaker::Talk;

#[derive(Clone, Debug)]
enum Step {
    Ask,
    /// The n-th of the permits that are out.
    End(prop::sample::Index, Outcome),
    Forget(prop::sample::Index),
    Renew(prop::sample::Index),
    WaitMillis(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![Just(Outcome::Success), Just(Outcome::Failure), Just(Outcome::Neutral)];
    let step = prop_oneof![
        6 => Just(Step::Ask),
        5 => (any::<prop::sample::Index>(), outcome).prop_map(|(index, outcome)| Step::End(index, outcome)),
        1 => any::<prop::sample::Index>().prop_map(Step::Forget),
        1 => any::<prop::sample::Index>().prop_map(Step::Renew),
        2 => (0u64..8000).prop_map(Step::WaitMillis),
    ];
    prop::collection::vec(step, 1..200)
}

/// Three probes in flight at most, and never a state from which a healthy server does not bring it back.
fn obeys(steps: &[Step], seed: u64) -> Result<(), TestCaseError> {
    let config = BreakerConfig { permit_ttl: Duration::from_secs(20), ..BreakerConfig::default() };
    let mut talk = Talk { breaker: Breaker::new(config, seed), now: Time::ZERO };
    let mut out: Vec<Permit> = Vec::new();
    let mut probes: Vec<(Permit, Time)> = Vec::new();
    for step in steps {
        match step {
            Step::Ask => {
                let half_open = talk.state() == State::HalfOpen;
                if let Ok(permit) = talk.ask() {
                    out.push(permit);
                    probes.extend(half_open.then_some((permit, talk.now + Duration::from_secs(20))));
                }
            }
            Step::Renew(index) if !out.is_empty() => {
                let slot = index.index(out.len());
                let half_open = talk.state() == State::HalfOpen;
                probes.retain(|(probe, _)| *probe != out[slot]);
                match talk.breaker.renew(out[slot], talk.now) {
                    Ok(permit) => {
                        out[slot] = permit;
                        probes.extend(half_open.then_some((permit, talk.now + Duration::from_secs(20))));
                    }
                    Err(_) => {
                        out.swap_remove(slot);
                    }
                }
            }
            Step::End(index, outcome) if !out.is_empty() => {
                let permit = out.swap_remove(index.index(out.len()));
                probes.retain(|(probe, _)| *probe != permit);
                talk.end(permit, *outcome);
            }
            Step::Forget(index) if !out.is_empty() => {
                out.swap_remove(index.index(out.len()));
            }
            Step::WaitMillis(millis) => talk.now = talk.now + Duration::from_millis(*millis),
            Step::Renew(_) | Step::End(..) | Step::Forget(_) => {}
        }
        if talk.state() != State::HalfOpen {
            probes.clear();
        }
        probes.retain(|(_, expires)| talk.now < *expires);
        prop_assert!(probes.len() <= 3, "{} probes at once", probes.len());
    }
    talk.wait(72.0);
    talk.wait(20.0);
    for _ in 0..3 {
        let permit = talk.ask();
        prop_assert!(permit.is_ok(), "stuck in {:?}", talk.state());
        talk.end(permit.expect("checked"), Outcome::Success);
    }
    prop_assert_eq!(talk.state(), State::Closed);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn it_never_sends_more_than_three_probes_and_is_never_stuck(steps in steps(), seed in any::<u64>()) {
        obeys(&steps, seed)?;
    }
}
