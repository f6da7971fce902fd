//! Retries, time limits, fallbacks, and what else a failure may lead to.

use super::story::{Setup, Story};
use crate::graph::{Backoff, Choice, Failure, OnError, OnFailure, Outcome, Settled, What};

fn retrying(attempts: u32) -> Story {
    let mut story = Setup::of("a b", "a->b")
        .rules("a", |rules| {
            rules.max_attempts = Some(attempts);
            rules.backoff = Backoff { base: 4.0, factor: 2.0, cap: 6.0 };
        })
        .limit(1)
        .start();
    story.take();
    story
}

/// Lets time pass until the next timer.
fn wait(story: &mut Story) -> f64 {
    let due = story.run.next_timer().expect("a timer").as_secs_f64();
    let waited = due - story.now;
    story.now = due;
    waited
}

#[test]
fn max_attempts_counts_the_first() {
    let mut story = retrying(2);
    story.fail_for_now("a");
    assert_eq!((story.said(), story.state("a")), ("a:retrying".to_owned(), "waiting".to_owned()));
    assert_eq!(story.take(), "");
    wait(&mut story);
    assert_eq!(story.take(), "a");
    story.fail_for_now("a");
    assert_eq!((story.said(), story.status()), ("a:failed".to_owned(), Some(Outcome::Failed)));
    assert_eq!(story.run.reports().next().unwrap().attempts, 2);
}

#[test]
fn what_no_attempt_can_mend_is_not_retried() {
    let mut story = retrying(5);
    assert_eq!(story.fail("a").said(), "a:failed");
}

#[test]
fn back_off_grows_to_its_cap_with_jitter_that_the_seed_decides() {
    let waits = || {
        let mut story = retrying(30);
        let mut waits = Vec::new();
        for _ in 0..20 {
            story.fail_for_now("a");
            waits.push(wait(&mut story));
            story.take();
        }
        waits
    };
    let first = waits();
    assert_eq!(first, waits());
    assert!(first[0] <= 4.0 && first.iter().all(|&secs| (0.0..=6.0).contains(&secs)), "{first:?}");
    assert!(first.iter().any(|&secs| secs > 4.0) && first.iter().any(|&secs| secs < 2.0), "{first:?}");
}

#[test]
fn retry_after_is_waited_for_at_least() {
    let mut story = retrying(2);
    let failure = Failure { text: "busy".to_owned(), retryable: true, retry_after: Some(60.0) };
    story.settle("a", Settled::Failed(failure)).unwrap();
    assert_eq!(wait(&mut story), 60.0);
}

#[test]
fn back_off_holds_no_permit() {
    let setup = Setup::of("a b", "").limit(1).rules("a", |rules| rules.max_attempts = Some(2));
    let mut story = setup.start();
    assert_eq!(story.take(), "a");
    story.fail_for_now("a");
    assert_eq!(story.take(), "b");
}

#[test]
fn a_retry_that_would_pass_the_deadline_is_not_made() {
    let mut setup = Setup::of("a", "").rules("a", |rules| rules.max_attempts = Some(9));
    setup.options.deadline = Some(crate::clock::Time::from_secs_f64(50.0));
    let mut story = setup.start();
    story.take();
    let failure = Failure { text: "busy".to_owned(), retryable: true, retry_after: Some(50.0) };
    let said = story.settle("a", Settled::Failed(failure)).unwrap();
    assert_eq!(said[0].handled.as_str(), "failed");
}

#[test]
fn an_attempt_past_its_timeout_is_told_once_and_may_be_repeated() {
    let setup = Setup::of("a", "").rules("a", |rules| {
        (rules.timeout, rules.max_attempts) = (Some(2.0), Some(2));
    });
    let mut story = setup.start();
    story.take();
    assert_eq!(wait(&mut story), 2.0);
    assert_eq!((story.take(), story.take_to_cancel()), (String::new(), "a:timeout".to_owned()));
    assert_eq!((story.take_to_cancel(), story.run.next_timer()), (String::new(), None));
    assert_eq!(story.fail_for_now("a").said(), "a:retrying");
    story.ok("a"); // the late end of the attempt that was stopped
    assert_eq!(story.state("a"), "waiting");
    wait(&mut story);
    assert_eq!(story.take(), "a");
    assert_eq!(story.ok("a").status(), Some(Outcome::Succeeded));
    assert_eq!(story.run.next_timer(), None);
}

#[test]
fn a_deadline_spans_all_attempts() {
    let setup = Setup::of("a", "").rules("a", |rules| {
        (rules.deadline, rules.max_attempts) = (Some(10.0), Some(9));
        rules.backoff = Backoff { base: 0.0, factor: 1.0, cap: 0.0 };
    });
    let mut story = setup.start();
    story.take();
    story.now = 6.0;
    assert_eq!(story.fail_for_now("a").said(), "a:retrying");
    story.take();
    assert_eq!(wait(&mut story), 4.0);
    story.take();
    assert_eq!(story.take_to_cancel(), "a:deadline");
    assert_eq!(story.fail_for_now("a").said(), "a:failed");
}

#[test]
fn a_deadline_that_passes_in_the_queue_fails_the_node() {
    let setup = Setup::of("a b", "").limit(1).on_error(OnError::Continue).rules("a", |rules| {
        (rules.deadline, rules.max_attempts) = (Some(5.0), Some(2));
        rules.backoff = Backoff { base: 0.0, factor: 1.0, cap: 0.0 };
    });
    let mut story = setup.rules("b", |rules| rules.priority = -1).start();
    story.take();
    let failure = Failure { text: "busy".to_owned(), retryable: true, retry_after: Some(1.0) };
    story.settle("a", Settled::Failed(failure)).unwrap();
    assert_eq!(story.take(), "b");
    story.now = 5.0;
    assert_eq!((story.take(), story.state("a")), (String::new(), "failed".to_owned()));
    story.ok("b");
    assert_eq!(story.said[0].text.as_deref(), Some("was not done within its deadline of 5 s"));
}

#[test]
fn a_value_takes_the_place_of_an_output() {
    let mut story = Setup::of("a b", "a->b").rules("a", |rules| rules.on_failure = OnFailure::Value).start();
    story.take();
    assert_eq!(story.fail("a").said(), "a:value");
    assert_eq!((story.state("a"), story.take()), ("succeeded".to_owned(), "b".to_owned()));
    assert_eq!(story.ok("b").status(), Some(Outcome::SucceededDegraded));
    assert_eq!(story.events("node.degraded"), "node.degraded(a)");
}

#[test]
fn skip_lets_a_join_go_on_without_the_branch() {
    let setup = Setup::of("a b next join", "a->next next->join b->join");
    let mut story = setup.rules("a", |rules| rules.on_failure = OnFailure::Skip).start();
    story.take();
    story.fail("a").ok("b");
    assert_eq!(story.states("a next"), "failed skipped:upstream_skipped");
    assert_eq!(story.take(), "join");
    assert_eq!(story.ok("join").status(), Some(Outcome::SucceededDegraded));
}

fn with_fallbacks() -> Story {
    Setup::of("a end one two/llm", "a->end")
        .rules("a", |rules| (rules.on_failure, rules.max_attempts) = (OnFailure::Fallback(2), Some(2)))
        .rules("one", |rules| rules.on_failure = OnFailure::Fallback(3))
        .kind("llm", 1)
        .start()
}

#[test]
fn a_fallback_takes_over_after_the_last_attempt() {
    let mut story = with_fallbacks();
    assert_eq!((story.take(), story.state("one")), ("a".to_owned(), "skipped:not_chosen".to_owned()));
    story.fail("a");
    assert_eq!((story.said(), story.take()), ("a:fallback".to_owned(), "a=one".to_owned()));
    story.ok("a");
    assert_eq!(story.states("a one two"), "succeeded succeeded skipped:not_chosen");
    assert_eq!(story.take(), "end");
    assert_eq!(story.ok("end").status(), Some(Outcome::SucceededDegraded));
}

#[test]
fn fallbacks_form_a_chain_whose_last_failure_counts() {
    let mut story = with_fallbacks();
    story.take();
    story.fail("a").take();
    story.fail("a");
    assert_eq!(story.take(), "a=two");
    story.fail("a");
    assert_eq!(story.said(), "a:fallback a:fallback a:failed");
    assert_eq!(story.states("a one two end"), "failed failed failed skipped:upstream_failed");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn node_failed_is_told_only_for_the_final_failure() {
    let mut story = with_fallbacks();
    story.take();
    story.fail_for_now("a");
    wait(&mut story);
    story.take();
    story.fail("a").take();
    story.ok("a").take();
    story.ok("end");
    let told: Vec<What> = story.run.events().into_iter().map(|event| event.what).collect();
    assert!(!told.iter().any(|what| matches!(what, What::NodeFailed(..))));
    let retries = told.iter().filter(|what| matches!(what, What::NodeRetrying { .. })).count();
    assert_eq!(retries, 2);
}

#[test]
fn an_error_edge_cannot_be_chosen() {
    let setup = Setup::of("a b help", "a->b a!>help").rules("a", |rules| rules.on_failure = OnFailure::Route);
    for (positions, text) in [(vec![1], "error edge"), (vec![7], "2 edges leave it")] {
        let mut story = Setup { scopes: setup.scopes.clone(), options: setup.options.clone() }.start();
        story.take();
        let said = story.settle("a", Settled::Succeeded(Choice::Positions(positions))).unwrap();
        assert!(said[0].text.as_ref().unwrap().contains(text));
        assert_eq!((said[0].handled.as_str(), story.take()), ("route", "help".to_owned()));
    }
}

#[test]
fn compensation_is_the_exact_reverse_of_completion_and_outlives_failures() {
    let setup = Setup::of("a b c d", "a->d b->d c->d").rules("a b c d", |rules| rules.compensate = true);
    let mut story = setup.start();
    story.take();
    story.ok("b a c").take();
    story.fail("d");
    assert_eq!((story.take(), story.status()), ("c:compensate".to_owned(), None));
    story.ok("c");
    assert_eq!(story.take(), "a:compensate");
    story.said();
    assert_eq!(story.fail("a").said(), "a:failed");
    assert_eq!(story.take(), "b:compensate");
    assert_eq!(story.ok("b").status(), Some(Outcome::Failed));
    assert_eq!(story.states("a b c d"), "succeeded succeeded succeeded failed");
}

#[test]
fn compensation_runs_also_when_the_run_was_cancelled() {
    let mut story = Setup::of("a b", "a->b").rules("a", |rules| rules.compensate = true).start();
    story.take();
    story.ok("a").take();
    assert_eq!(story.cancel(), "b");
    story.cancelled("b");
    assert_eq!((story.take(), story.status()), ("a:compensate".to_owned(), None));
    assert_eq!(story.cancel(), "");
    assert_eq!(story.ok("a").status(), Some(Outcome::Cancelled));
}
