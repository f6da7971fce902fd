//! Joins, ports, edge kinds, and branches nobody needs any more.

use super::story::{Setup, Story};
use crate::graph::{JoinRule, OnError, OnFailure, Outcome, Rest};

const THREE: (&str, &str) = ("a b c join", "a->join b->join c->join");

fn three(join: JoinRule, rest: Rest) -> Story {
    let setup = Setup::of(THREE.0, THREE.1).rules("join", |rules| (rules.join, rules.rest) = (join, rest));
    let mut story = setup.start();
    story.take();
    story
}

#[test]
fn first_fires_once_on_the_branch_that_came_first() {
    let mut story = three(JoinRule::Quorum(1), Rest::Drain);
    story.ok("b");
    assert_eq!((story.take(), story.parents("join")), ("join".to_owned(), "b".to_owned()));
    story.ok("a c join");
    assert_eq!((story.take(), story.parents("join")), (String::new(), "b".to_owned()));
    assert_eq!(story.status(), Some(Outcome::Succeeded));
}

#[test]
fn the_rest_of_a_join_is_cancelled_and_the_run_is_not() {
    let mut story = three(JoinRule::Quorum(2), Rest::Cancel);
    story.ok("a c");
    assert_eq!((story.take_to_cancel(), story.take()), ("b".to_owned(), "join".to_owned()));
    story.cancelled("b").ok("join");
    assert_eq!(story.states("a b c join"), "succeeded cancelled succeeded succeeded");
    assert_eq!(story.status(), Some(Outcome::Succeeded));
}

#[test]
fn the_rest_of_a_join_is_ignored_until_nothing_else_is_left() {
    let mut story = three(JoinRule::Quorum(2), Rest::Ignore);
    story.ok("a c").take();
    assert_eq!((story.take_to_cancel(), story.state("b")), (String::new(), "running".to_owned()));
    story.ok("join");
    assert_eq!((story.take_to_cancel(), story.status()), ("b".to_owned(), None));
    assert_eq!(story.cancelled("b").status(), Some(Outcome::Succeeded));
}

#[test]
fn the_rest_of_a_join_is_drained_and_its_failure_absorbed() {
    let mut story = three(JoinRule::Quorum(2), Rest::Drain);
    story.ok("a c").take();
    story.ok("join").fail("b");
    assert_eq!((story.said(), story.take_to_cancel()), ("b:absorbed".to_owned(), String::new()));
    assert_eq!(story.status(), Some(Outcome::SucceededDegraded));
}

#[test]
fn only_branches_that_serve_nobody_else_are_cancelled() {
    let setup = Setup::of("a b c deep other join", "a->join b->deep deep->join c->join c->other")
        .rules("join", |rules| rules.join = JoinRule::Quorum(1));
    let mut story = setup.start();
    story.take();
    story.ok("a");
    assert_eq!(story.states("b deep c"), "running cancelled running");
    assert_eq!(story.take_to_cancel(), "b");
    assert_eq!(story.take(), "join");
    story.cancelled("b").ok("c join");
    assert_eq!(story.take(), "other");
    assert_eq!(story.ok("other").status(), Some(Outcome::Succeeded));
}

#[test]
fn a_quorum_fails_as_soon_as_it_is_unreachable() {
    let mut story = three(JoinRule::Quorum(2), Rest::Cancel);
    story.fail("a");
    assert_eq!((story.said(), story.state("join")), ("a:absorbed".to_owned(), "pending".to_owned()));
    story.fail("b");
    let text = story.said.last().unwrap().text.clone().unwrap();
    assert_eq!(text, "needs 2 of 3 branches, but only 1 can still arrive (2 failed)");
    assert_eq!(story.said(), "b:absorbed join:failed");
    assert_eq!(story.take_to_cancel(), "c");
    story.cancelled("c");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn a_quorum_that_choices_alone_keep_apart_is_skipped() {
    let mut story = Setup::of("if a b join", "if-x->a if-y->b a->join b->join")
        .rules("join", |rules| rules.join = JoinRule::Quorum(2))
        .start();
    story.take();
    story.choose("if", &["x"]);
    story.take();
    assert_eq!(story.state("join"), "pending");
    story.ok("a");
    assert_eq!(story.state("join"), "skipped:upstream_skipped");
    assert_eq!(story.status(), Some(Outcome::Succeeded));
}

#[test]
fn tolerate_runs_despite_so_many_failures() {
    let mut story = three(JoinRule::Tolerate(1), Rest::Cancel);
    story.fail("a").ok("b");
    assert_eq!(story.take(), "");
    story.ok("c");
    assert_eq!((story.take(), story.parents("join")), ("join".to_owned(), "b c".to_owned()));
    assert_eq!(story.ok("join").status(), Some(Outcome::SucceededDegraded));
}

#[test]
fn tolerate_fails_at_the_failure_that_is_too_many() {
    let mut story = three(JoinRule::Tolerate(1), Rest::Cancel);
    story.fail("a b");
    assert_eq!(story.state("join"), "failed");
    assert_eq!(story.take_to_cancel(), "c");
    assert_eq!(story.cancelled("c").status(), Some(Outcome::Failed));
}

#[test]
fn all_settled_always_runs() {
    let mut story = three(JoinRule::AllSettled, Rest::Cancel);
    story.fail("a b c");
    assert_eq!((story.take(), story.parents("join")), ("join".to_owned(), String::new()));
    assert_eq!(story.ok("join").status(), Some(Outcome::SucceededDegraded));
}

#[test]
fn a_failure_is_absorbed_only_if_every_path_meets_a_tolerant_join() {
    let mut story = Setup::of("a b mid join end", "a->mid mid->join b->join a->end")
        .rules("join", |rules| rules.join = JoinRule::AllSettled)
        .on_error(OnError::Continue)
        .start();
    story.take();
    story.fail("a").ok("b");
    assert_eq!(story.said(), "a:failed");
    assert_eq!(story.states("mid end"), "skipped:upstream_failed skipped:upstream_failed");
    assert_eq!(story.take(), "join");
    assert_eq!(story.ok("join").status(), Some(Outcome::Failed));
}

#[test]
fn each_required_port_needs_a_live_edge() {
    let mut story = Story::of("if a b join", "if-x->a if-y->b a->join.left b->join.right");
    story.take();
    story.choose("if", &["x"]);
    story.take();
    story.ok("a");
    assert_eq!(story.state("join"), "skipped:upstream_skipped");
}

#[test]
fn an_optional_port_needs_no_live_edge() {
    let setup = Setup::of("if a b join", "if-x->a if-y->b a->join.left b->join.right");
    let mut story = setup.rules("join", |rules| rules.optional_ports = vec!["right".to_owned()]).start();
    story.take();
    story.choose("if", &["x"]);
    story.take();
    story.ok("a");
    assert_eq!((story.take(), story.parents("join")), ("join".to_owned(), "a".to_owned()));
}

#[test]
fn a_failure_stops_a_join_also_at_an_optional_port() {
    let setup = Setup::of("a b join", "a->join.left b->join.right").on_error(OnError::Continue);
    let mut story = setup.rules("join", |rules| rules.optional_ports = vec!["right".to_owned()]).start();
    story.take();
    story.ok("a").fail("b");
    assert_eq!(story.state("join"), "skipped:upstream_failed");
}

#[test]
fn control_edges_order_and_error_edges_wait_for_an_error() {
    let mut story = Setup::of("a next help join", "a~>next a!>help next->join help->join")
        .rules("a", |rules| rules.on_failure = OnFailure::Route)
        .start();
    story.take();
    story.ok("a");
    assert_eq!(story.states("next help"), "ready skipped:not_chosen");
    story.take();
    story.ok("next");
    assert_eq!(story.take(), "join");
}

#[test]
fn a_join_after_an_error_branch_runs() {
    let mut story = Setup::of("a next help join", "a->next a!>help next->join help->join")
        .rules("a", |rules| rules.on_failure = OnFailure::Route)
        .start();
    story.take();
    story.fail("a");
    assert_eq!((story.said(), story.take()), ("a:route".to_owned(), "help".to_owned()));
    assert_eq!(story.states("a next"), "failed skipped:not_chosen");
    story.ok("help");
    assert_eq!((story.take(), story.parents("join")), ("join".to_owned(), "help".to_owned()));
    assert_eq!(story.ok("join").status(), Some(Outcome::SucceededDegraded));
}
