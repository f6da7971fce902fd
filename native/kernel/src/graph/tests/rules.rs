//! One rule each: joins, branches, admission, delays.

use super::story::{Setup, Story};
use crate::graph::{Choice, Failure, GraphError, OnError, Outcome, Plan, Run, Settled};

#[test]
fn an_empty_plan_ends_as_it_starts() {
    assert_eq!(Story::of("", "").status(), Some(Outcome::Succeeded));
}

#[test]
fn a_chain_runs_in_order() {
    let mut story = Story::of("a b c", "a->b b->c");
    for id in ["a", "b", "c"] {
        assert_eq!(story.status(), None);
        assert_eq!(story.take(), id);
        assert_eq!(story.take(), "");
        story.ok(id);
    }
    assert_eq!(story.status(), Some(Outcome::Succeeded));
}

#[test]
fn a_join_waits_for_every_edge() {
    let mut story = Story::of("a b join", "a->join b->join");
    assert_eq!(story.take(), "a b");
    story.ok("a");
    assert_eq!(story.take(), "");
    story.ok("b");
    assert_eq!(story.take(), "join");
    assert_eq!(story.parents("join"), "a b");
}

#[test]
fn a_fast_branch_never_waits_for_a_slow_sibling() {
    let mut story = Story::of("in fast next last slow", "in->fast in->slow fast->next next->last");
    story.take();
    story.ok("in").take();
    for (done, next) in [("fast", "next"), ("next", "last")] {
        story.ok(done);
        assert_eq!(story.take(), next);
    }
    assert_eq!(story.state("slow"), "running");
}

#[test]
fn a_join_after_if_else_runs_with_the_branch_taken() {
    let mut story = Story::of("if yes no join", "if-y->yes if-n->no yes->join no->join");
    story.take();
    assert!(story.choose("if", &["y"]).is_empty());
    assert_eq!(story.states("no yes join"), "skipped:not_chosen ready pending");
    assert_eq!(story.take(), "yes");
    story.ok("yes");
    assert_eq!(story.take(), "join");
    assert_eq!(story.parents("join"), "yes");
    assert_eq!(story.ok("join").status(), Some(Outcome::Succeeded));
}

#[test]
fn skipping_goes_down_the_path_not_chosen_and_ends_the_run() {
    let mut story = Story::of("if yes b c", "if-y->yes if-n->b b->c");
    story.take();
    story.choose("if", &["y"]);
    assert_eq!(story.states("b c"), "skipped:not_chosen skipped:upstream_skipped");
    story.take();
    assert_eq!(story.ok("yes").status(), Some(Outcome::Succeeded));
}

#[test]
fn an_edge_is_chosen_by_its_label_or_its_target() {
    let mut story = Story::of("if a b c", "if-x->a if-y->b if->c");
    story.take();
    assert!(story.choose("if", &["x", "c"]).is_empty());
    assert_eq!(story.states("a b c"), "ready skipped:not_chosen ready");
}

#[test]
fn choosing_nothing_skips_everything_below() {
    let mut story = Story::of("if a", "if->a");
    story.take();
    assert!(story.choose("if", &[]).is_empty());
    assert_eq!(story.state("a"), "skipped:not_chosen");
    assert_eq!(story.status(), Some(Outcome::Succeeded));
}

#[test]
fn without_a_choice_labelled_edges_go_live_too() {
    let mut story = Story::of("if a b", "if-x->a if->b");
    story.take();
    story.ok("if");
    assert_eq!(story.take(), "a b");
}

#[test]
fn a_choice_that_leads_nowhere_fails_and_names_what_is_possible() {
    let mut story = Story::of("if a b", "if-yes->a if->b");
    story.take();
    let said = story.choose("if", &["yes", "perhaps"]);
    let expected = "chose \"perhaps\", which none of its edges leads to; possible: \"yes\", \"b\"";
    assert_eq!(said, [expected]);
    assert_eq!(story.states("if a b"), "failed skipped:upstream_failed skipped:upstream_failed");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn a_choice_at_the_end_of_the_graph_fails() {
    let mut story = Story::of("if", "");
    story.take();
    assert!(story.choose("if", &["a"])[0].contains("no edge leaves it"));
}

#[test]
fn each_live_edge_is_told() {
    let mut story = Story::of("if a", "if-x->a if-y->a");
    story.take();
    story.choose("if", &["x"]);
    assert_eq!(story.parents("a"), "if");
    let activation = story.activation("a");
    let edges: Vec<_> =
        story.run.in_edges(activation).unwrap().map(|(edge, state)| (edge, state.as_str())).collect();
    assert_eq!(edges, [(0, "live"), (1, "not_chosen")]);
}

#[test]
fn the_run_limit_holds() {
    let mut story = Story::with("a b c", "", OnError::FailFast, 2, &[]);
    assert_eq!(story.take(), "a b");
    assert_eq!(story.take(), "");
    story.ok("b");
    assert_eq!(story.take(), "c");
}

#[test]
fn a_full_type_does_not_hold_up_the_others() {
    let limits = [("llm", 1)];
    let mut story = Story::with("a/llm b/llm c/llm d e", "", OnError::FailFast, usize::MAX, &limits);
    assert_eq!(story.take(), "a d e");
    story.ok("d");
    assert_eq!(story.take(), "");
    story.ok("a");
    assert_eq!(story.take(), "b");
    story.ok("b");
    assert_eq!(story.take(), "c");
    assert_eq!(story.ok("c e").status(), Some(Outcome::Succeeded));
}

#[test]
fn what_became_ready_later_overtakes_a_parked_node_of_lower_rank() {
    let nodes = "a/llm long/llm b/llm next/llm end/llm";
    let edges = "a->long long->next b->end";
    let mut story = Story::with(nodes, edges, OnError::FailFast, 9, &[("llm", 1)]);
    assert_eq!(story.take(), "a");
    story.ok("a");
    assert_eq!(story.take(), "long");
    story.ok("long");
    assert_eq!(story.take(), "b");
}

#[test]
fn the_longest_remaining_path_goes_first_then_declaration() {
    let mut story = Story::with(
        "short head mid last end",
        "head->mid mid->last last->end short->end",
        OnError::FailFast,
        1,
        &[],
    );
    let mut order = Vec::new();
    while story.status().is_none() {
        let id = story.take();
        story.ok(&id);
        order.push(id);
    }
    assert_eq!(order, ["head", "mid", "short", "last", "end"]);
}

#[test]
fn a_delay_holds_back_what_follows_until_its_time() {
    let mut story = Story::of("a wait:2.5 b", "a->wait wait->b");
    story.take();
    story.now = 1.0;
    story.ok("a");
    assert_eq!((story.take(), story.state("wait")), (String::new(), "waiting".to_owned()));
    assert_eq!(story.run.next_timer().map(|due| due.as_secs_f64()), Some(3.5));
    story.now = 3.4;
    assert_eq!(story.take(), "");
    story.now = 3.5;
    assert_eq!(story.take(), "b");
    assert_eq!(story.run.next_timer(), None);
    assert_eq!(story.parents("b"), "wait");
}

#[test]
fn delays_need_no_permit_and_no_delay_takes_no_time() {
    let mut story = Story::with("a x:0 y:0 z:0 b", "x->y y->z z->b a->b", OnError::FailFast, 1, &[]);
    assert_eq!(story.take(), "a");
    assert_eq!(story.states("x y z"), "succeeded succeeded succeeded");
}

#[test]
fn timers_fire_in_order_of_time() {
    let mut story = Story::with("late:3 soon:1 l s", "late->l soon->s", OnError::FailFast, 1, &[]);
    story.take();
    assert_eq!(story.run.next_timer().map(|due| due.as_secs_f64()), Some(1.0));
    story.now = 1.0;
    assert_eq!(story.take(), "s");
    assert_eq!(story.run.next_timer().map(|due| due.as_secs_f64()), Some(3.0));
}

#[test]
fn a_late_settlement_changes_nothing() {
    let mut story = Story::of("a b", "a->b");
    story.take();
    story.ok("a");
    let before = story.run.events().len();
    assert!(before > 0);
    story
        .settle("a", Settled::Failed(Failure { text: "too late".to_owned(), ..Failure::default() }))
        .unwrap();
    assert_eq!((story.state("a"), story.run.events().len()), ("succeeded".to_owned(), 0));
    assert_eq!(story.take(), "b");
    assert_eq!(story.ok("b").status(), Some(Outcome::Succeeded));
}

#[test]
fn what_has_not_started_cannot_be_settled() {
    let mut story = Story::of("a b wait:1", "a->b wait->b");
    let refused = |id: &str| Err(GraphError::NotStarted { id: id.to_owned() });
    assert_eq!(story.settle("a", Settled::Cancelled), refused("a"));
    story.take();
    assert_eq!(story.settle("b", Settled::Succeeded(Choice::All)), refused("b"));
    assert_eq!(story.settle("wait", Settled::Succeeded(Choice::All)), refused("wait"));
    assert_eq!(story.states("a b wait"), "running pending waiting");
}

#[test]
fn starting_twice_changes_nothing() {
    let mut story = Story::of("a b", "a->b");
    story.run.start(story.time());
    assert_eq!(story.take(), "a");
    assert_eq!(story.take(), "");
}

#[test]
fn nothing_starts_before_the_run_does() {
    let Setup { scopes, options } = Setup::of("a", "");
    let mut run = Run::new(Plan::new(scopes).unwrap().into(), &options).unwrap();
    assert!(run.take(crate::clock::Time::ZERO).is_empty());
    assert_eq!(run.status(), None);
}
