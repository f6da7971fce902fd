//! Draining: a run ends without breaking off what runs.

use super::story::{Setup, Story};
use crate::graph::{OnError, OnFailure, Outcome, What};

#[test]
fn a_drained_run_lets_bodies_end_and_starts_nothing() {
    let mut story = Story::with("a b c d end", "a->end b->d c->end", OnError::FailFast, 2, &[]);
    assert_eq!(story.take(), "a b");
    story.run.drain("drained", story.time());
    assert_eq!((story.take(), story.take_to_cancel()), (String::new(), String::new()));
    assert_eq!(story.states("a b c d"), "running running cancelled pending");
    story.ok("a b");
    assert_eq!(story.states("a b d end"), "succeeded succeeded cancelled skipped:cancelled");
    let last = story.run.events().pop().map(|event| event.what);
    assert_eq!(last, Some(What::RunEnded(Outcome::Cancelled, Some("drained".to_owned()))));
}

#[test]
fn a_drain_ends_delays_and_back_offs_at_once() {
    let setup =
        Setup::of("a wait:9 end", "a->end wait->end").rules("a", |rules| rules.max_attempts = Some(2));
    let mut story = setup.start();
    story.take();
    story.fail_for_now("a");
    assert_eq!(story.states("a wait"), "waiting waiting");
    story.run.drain("drained", story.time());
    assert_eq!(story.states("a wait end"), "cancelled cancelled skipped:cancelled");
    assert_eq!((story.run.next_timer(), story.status()), (None, Some(Outcome::Cancelled)));
}

#[test]
fn an_attempt_that_fails_while_its_run_is_drained_rests_before_its_next_attempt_or_its_fallback() {
    let again = Setup::of("a", "").rules("a", |rules| rules.max_attempts = Some(2));
    let instead = Setup::of("a spare", "").rules("a", |rules| rules.on_failure = OnFailure::Fallback(1));
    for setup in [again, instead] {
        let mut story = setup.start();
        assert_eq!(story.take(), "a");
        story.run.drain("drained", story.time());
        story.fail_for_now("a");
        assert_eq!((story.state("a"), story.take()), ("cancelled".to_owned(), String::new()));
        assert_eq!((story.run.next_timer(), story.status()), (None, Some(Outcome::Cancelled)));
    }
}

#[test]
fn a_failure_for_good_in_a_drained_run_fails_it() {
    let mut story = Story::of("a", "");
    story.take();
    story.run.drain("drained", story.time());
    story.fail("a");
    let last = story.run.events().pop().map(|event| event.what);
    assert_eq!(last, Some(What::RunEnded(Outcome::Failed, None)));
}

#[test]
fn a_drained_run_of_which_nothing_is_left_undone_succeeds() {
    let mut story = Story::of("a", "");
    story.take();
    story.run.drain("drained", story.time());
    story.ok("a");
    let last = story.run.events().pop().map(|event| event.what);
    assert_eq!(last, Some(What::RunEnded(Outcome::Succeeded, None)));
}

#[test]
fn a_drained_run_that_is_cancelled_keeps_the_reason_of_the_drain() {
    let mut story = Story::of("a", "");
    story.take();
    story.run.drain("drained", story.time());
    assert_eq!(story.cancel(), "a");
    story.cancelled("a");
    let last = story.run.events().pop().map(|event| event.what);
    assert_eq!(last, Some(What::RunEnded(Outcome::Cancelled, Some("drained".to_owned()))));
}

#[test]
fn a_run_drained_before_it_began_runs_nothing() {
    let mut story = Story::of("a b", "a->b");
    story.run.drain("drained", story.time());
    assert_eq!(
        (story.take(), story.states("a b")),
        (String::new(), "cancelled skipped:cancelled".to_owned())
    );
    story.run.drain("drained again", story.time());
    assert_eq!(story.status(), Some(Outcome::Cancelled));
}

#[test]
fn what_a_drained_run_did_is_undone() {
    let mut story = Setup::of("a b", "a->b").rules("a", |rules| rules.compensate = true).start();
    story.take();
    story.run.drain("drained", story.time());
    story.ok("a");
    assert_eq!((story.take(), story.status()), ("a:compensate".to_owned(), None));
    story.ok("a");
    assert_eq!(story.status(), Some(Outcome::Cancelled));
}

#[test]
fn a_drain_reaches_frames_within_frames() {
    let setup =
        Setup::of("each", "").body("each", "x sub", "x->sub").body("sub", "y z wait:9", "y->z wait->z");
    let mut story = setup.start();
    story.take();
    story.open("each", 2).take();
    story.ok("each[0]/x").take();
    story.open("each[0]/sub", 1);
    assert_eq!(story.take(), "each[0]/sub[0]/y");
    story.run.drain("drained", story.time());
    assert_eq!((story.take(), story.take_to_cancel()), (String::new(), String::new()));
    assert_eq!(story.states("each[0]/sub[0]/wait each[0]/sub[0]/y"), "cancelled running");
    story.ok("each[1]/x each[0]/sub[0]/y");
    assert_eq!(story.ended_frames(), "each[1]:cancelled each[0]/sub[0]:cancelled each[0]:cancelled");
    assert_eq!((story.state("each"), story.status()), ("cancelled".to_owned(), Some(Outcome::Cancelled)));
}

#[test]
fn a_drained_container_opens_nothing_more() {
    let mut story = Setup::of("each end", "each->end").limit(1).body("each", "x", "").start();
    story.take();
    assert_eq!(story.open("each", 3).take(), "each[0]/x");
    story.run.drain("drained", story.time());
    story.ok("each[0]/x");
    assert_eq!(
        (story.take(), story.states("each end")),
        (String::new(), "cancelled skipped:cancelled".to_owned())
    );
    let mut story = Setup::of("each end", "each->end").body("each", "x", "").start();
    story.take();
    story.run.drain("drained", story.time());
    assert_eq!((story.open("each", 3).take(), story.state("each")), (String::new(), "cancelled".to_owned()));
}
