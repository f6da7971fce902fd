//! Failure, cancellation, and what the event stream tells.

use super::story::Story;
use crate::graph::{OnError, Outcome, What};

const DIAMOND: (&str, &str) = ("in a b join", "in->a in->b a->join b->join");

#[test]
fn fail_fast_admits_nothing_more_and_asks_once_to_cancel_what_runs() {
    let mut story = Story::with("a b c d end", "a->end b->d c->end", OnError::FailFast, 2, &[]);
    assert_eq!(story.take(), "a b");
    story.fail("a");
    assert_eq!((story.take_to_cancel(), story.take_to_cancel()), ("b".to_owned(), String::new()));
    assert_eq!((story.take(), story.state("c")), (String::new(), "cancelled".to_owned()));
    assert_eq!(story.status(), None);
    story.cancelled("b");
    assert_eq!(story.state("d"), "skipped:cancelled");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn fail_fast_does_not_start_what_a_late_success_makes_ready() {
    let mut story = Story::of("a b c end", "a->end b->c");
    story.take();
    story.fail("a").ok("b");
    assert_eq!((story.state("c"), story.take_to_cancel()), ("cancelled".to_owned(), String::new()));
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn fail_fast_ends_delays() {
    let mut story = Story::of("a wait:9 after end", "wait->after a->end");
    story.take();
    story.fail("a");
    assert_eq!(story.states("wait after"), "cancelled skipped:cancelled");
    assert_eq!(story.run.next_timer(), None);
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn drain_lets_what_runs_end_and_starts_nothing() {
    let mut story = Story::with("a b wait:5 c d end", "b->d a->end wait->end c->end", OnError::Drain, 2, &[]);
    assert_eq!(story.take(), "a b");
    story.fail("a");
    assert_eq!(story.take_to_cancel(), "");
    story.ok("b");
    assert_eq!(story.states("c d wait"), "cancelled cancelled waiting");
    assert_eq!(story.status(), None);
    story.now = 5.0;
    assert_eq!(story.take(), "");
    assert_eq!(story.state("wait"), "succeeded");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn continue_runs_independent_branches_and_still_fails() {
    let mut story = Story::on_error("a b c d", "a->b c->d", OnError::Continue);
    story.take();
    story.fail("a").ok("c");
    assert_eq!(story.take(), "d");
    story.ok("d");
    assert_eq!(story.states("b d"), "skipped:upstream_failed succeeded");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn a_join_below_a_failure_does_not_run_on_its_other_branch() {
    let mut story = Story::on_error(DIAMOND.0, DIAMOND.1, OnError::Continue);
    story.take();
    story.ok("in").take();
    story.fail("a").ok("b");
    assert_eq!(story.state("join"), "skipped:upstream_failed");
    assert_eq!(story.parents("join"), "b");
}

#[test]
fn a_failure_two_steps_above_still_stops_a_join() {
    let mut story = Story::on_error("a b c join", "a->b b->join c->join", OnError::Continue);
    story.take();
    story.fail("a").ok("c");
    assert_eq!(story.states("b join"), "skipped:upstream_failed skipped:upstream_failed");
}

#[test]
fn a_failure_outweighs_a_choice_in_the_reason() {
    let mut story = Story::on_error("if a b join", "if-y->a if-n->b a->join b->join", OnError::Continue);
    story.take();
    story.choose("if", &["y"]);
    story.take();
    story.fail("a");
    assert_eq!(story.state("join"), "skipped:upstream_failed");
}

#[test]
fn cancelling_ends_what_has_not_started_and_tells_what_runs() {
    let mut story = Story::with("a b wait:5 c d", "a->d b->d wait->d c->d", OnError::FailFast, 2, &[]);
    assert_eq!(story.take(), "a b");
    assert_eq!(story.cancel(), "a b");
    assert_eq!(story.states("wait c d"), "cancelled cancelled pending");
    assert_eq!((story.take(), story.run.next_timer()), (String::new(), None));
    story.cancelled("a").ok("b");
    assert_eq!(story.states("a b d"), "cancelled succeeded skipped:cancelled");
    assert_eq!(story.status(), Some(Outcome::Cancelled));
}

#[test]
fn a_run_cancelled_while_nothing_runs_ends_at_once() {
    let mut story = Story::of("a b", "a->b");
    assert_eq!(story.cancel(), "");
    assert_eq!(story.states("a b"), "cancelled skipped:cancelled");
    assert_eq!(story.status(), Some(Outcome::Cancelled));
    assert_eq!(story.take(), "");
}

#[test]
fn cancelling_twice_tells_again_what_runs_and_keeps_the_first_reason() {
    let mut story = Story::of("a", "");
    story.take();
    assert_eq!((story.cancel(), story.cancel()), ("a".to_owned(), "a".to_owned()));
    story.run.cancel("another reason", story.time());
    story.cancelled("a");
    let last = story.run.events().pop().map(|event| event.what);
    assert_eq!(last, Some(What::RunEnded(Outcome::Cancelled, Some("enough".to_owned()))));
}

#[test]
fn cancelling_an_ended_run_changes_nothing() {
    let mut story = Story::of("a", "");
    story.take();
    story.ok("a").run.events();
    assert_eq!(story.cancel(), "");
    assert!(story.run.events().is_empty());
    assert_eq!(story.status(), Some(Outcome::Succeeded));
}

#[test]
fn an_error_while_being_cancelled_leaves_the_run_cancelled() {
    let mut story = Story::of("a", "");
    story.take();
    story.cancel();
    story.fail("a");
    assert_eq!((story.state("a"), story.status()), ("failed".to_owned(), Some(Outcome::Cancelled)));
}

#[test]
fn a_run_that_failed_before_it_was_cancelled_has_failed() {
    let mut story = Story::on_error("a b", "", OnError::Continue);
    story.take();
    story.fail("a").cancel();
    story.cancelled("b");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn a_body_cancelled_from_outside_does_not_pass_for_success() {
    let mut story = Story::of("a b c end", "a->b c->end");
    story.take();
    story.cancelled("a").ok("c").take();
    story.ok("end");
    assert_eq!(story.state("b"), "skipped:cancelled");
    assert_eq!(story.status(), Some(Outcome::Cancelled));
}

#[test]
fn events_tell_everything_in_order() {
    let mut story = Story::of("if wait:1 b", "if-y->wait if-n->b");
    story.take();
    story.now = 1.0;
    story.choose("if", &["y"]);
    story.take();
    story.now = 2.0;
    story.take();
    let events = story.run.events();
    let told: Vec<String> = events.iter().map(|event| event.what.name().to_owned()).collect();
    let expected = "run.started node.ready node.started node.succeeded edge.live node.ready edge.dead \
                    node.skipped node.started timer.started timer.fired node.succeeded run.succeeded";
    assert_eq!(told.join(" "), expected);
    assert!(events.iter().enumerate().all(|(at, event)| event.seq == at as u64));
    assert_eq!(story.run.take_seq(), events.len() as u64);
    assert!(story.run.events().is_empty());
}

#[test]
fn a_number_taken_by_the_host_is_not_given_again() {
    let mut story = Story::of("a", "");
    let first = story.run.events().len() as u64;
    assert_eq!((story.run.take_seq(), story.run.take_seq()), (first, first + 1));
    story.take();
    assert_eq!(story.run.events()[0].seq, first + 2);
}
