//! Settings by name: all of them work, and a wrong one says what is right.

use std::sync::Arc;
use std::time::Duration;

use graphbit_kernel::error::Error;
use graphbit_kernel::http::{
    Egress, Kind, LIMIT_KEYS, POLICY_KEYS, PROTECTION_KEYS, Policy, Protection, set_limit,
};
use graphbit_kernel::resilience::{Limits, State, StopReason};

use crate::script::{Step, rig, spec};

fn set(table: &str, key: &str, value: f64) -> Result<(), Error> {
    match table {
        "policy" => Policy::default().set(key, value),
        "limits" => set_limit(&mut Limits::default(), key, value),
        _ => Protection::default().set(key, value),
    }
}

fn tables() -> [(&'static str, &'static [&'static str]); 3] {
    [("policy", POLICY_KEYS), ("limits", LIMIT_KEYS), ("settings", PROTECTION_KEYS)]
}

#[test]
fn every_setting_can_be_set_is_checked_and_is_documented() {
    let documented = include_str!("../../../../graphbit_core/kernel/call_data.py");
    for (table, keys) in tables() {
        for key in keys {
            set(table, key, 1.0).unwrap();
            for wrong in [-1.0, f64::NAN, f64::INFINITY] {
                let error = set(table, key, wrong).unwrap_err();
                let Error::Validation { field, .. } = error else { panic!("{error:?}") };
                assert_eq!(field, format!("{table}.{key}"));
            }
            assert!(documented.contains(&format!("``{key}``")), "{key}");
        }
    }
}

#[test]
fn a_name_that_does_not_exist_names_the_nearest() {
    let cases = [
        ("policy", "max_attempt", " (did you mean \"max_attempts\"?)"),
        ("policy", "idel_timeout", " (did you mean \"idle_timeout\"?)"),
        ("limits", "max_concurency", " (did you mean \"max_concurrency\"?)"),
        ("settings", "breaker_rate", " (did you mean \"breaker_ratio\"?)"),
    ];
    for (table, name, hint) in cases {
        let text = set(table, name, 1.0).unwrap_err().to_string();
        assert!(text.ends_with(&format!("{name:?}{hint}")), "{text}");
    }
    for (table, name) in [("settings", "colour"), ("limits", "")] {
        let text = set(table, name, 1.0).unwrap_err().to_string();
        assert!(text.contains(&format!("{name:?}; it has ")), "{text}");
    }
    assert!(set("limits", &"queue".repeat(10_000), 1.0).is_err());
}

#[test]
fn a_guarded_call_reads_less_and_never_more_than_its_bound() {
    let mut guarded = Policy::guarded(Arc::new(Egress::new([], false, [], 0, false).unwrap()));
    assert_eq!((guarded.max_body, guarded.max_stream), (10 << 20, 10 << 20));
    for key in ["max_body", "max_stream"] {
        guarded.set(key, f64::from(100 << 20)).unwrap();
        assert!(guarded.set(key, f64::from((100 << 20) + 1)).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_trips_and_comes_back_as_it_is_told() {
    let rig = rig(&[Step::Reply(500), Step::Reply(500), Step::Reply(200)]);
    let mut protection = Protection::default();
    for (key, value) in [("breaker_consecutive", 2.0), ("breaker_open", 100.0), ("breaker_probes", 1.0)] {
        protection.set(key, value).unwrap();
    }
    protection.set("breaker_open_max", 100.0).unwrap();
    rig.engine.protect("model", protection);
    for expected in [State::Closed, State::Open] {
        let call = rig.start(spec());
        rig.reply().await;
        rig.engine.fail(call, Kind::Unavailable, None).unwrap();
        assert_eq!(rig.engine.stats("model").breaker, expected);
    }
    rig.start(spec());
    let Error::CircuitOpen { retry_after, .. } = rig.failure().await.0 else { panic!() };
    assert!((79.0..=120.0).contains(&retry_after.as_secs_f64()), "{retry_after:?}");
    tokio::time::sleep(retry_after).await;
    let probe = rig.start(spec());
    rig.reply().await;
    assert_eq!(rig.engine.ok(probe, 1).unwrap(), Some(State::Closed));
    assert_eq!(rig.engine.stats("other").breaker, State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_set_again_keeps_what_it_counted() {
    let rig = rig(&[Step::Reply(500)]);
    for _ in 0..5 {
        rig.engine.protect("model", Protection::default());
        let call = rig.start(spec());
        rig.reply().await;
        rig.engine.fail(call, Kind::Unavailable, None).unwrap();
    }
    assert_eq!(rig.engine.stats("model").breaker, State::Open);
    rig.engine.protect("model", Protection::default());
    assert_eq!(rig.engine.stats("model").breaker, State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_resource_without_a_retry_budget_never_retries() {
    let rig = rig(&[Step::Reply(503)]);
    rig.engine.protect("model", Protection { retry_ratio: 0.0, retry_floor: 0, ..Protection::default() });
    let call = rig.start(spec());
    rig.reply().await;
    let wait = Some(Duration::ZERO);
    assert_eq!(rig.engine.retry(call, Kind::Unavailable, wait).unwrap(), (1, Some(StopReason::Budget), None));
}
