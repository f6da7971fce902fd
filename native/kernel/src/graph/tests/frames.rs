//! Containers: maps, loops, subworkflows, and stopping scope by scope.

use super::story::{Setup, Story};
use crate::graph::{Activation, OnError, OnFailure, Outcome, Settled, Settlement, Style};

fn map() -> Setup {
    Setup::of("each end", "each->end")
}

#[test]
fn a_map_runs_its_body_once_per_item() {
    let mut story = map().body("each", "x y", "x->y").start();
    story.take();
    story.open("each", 2);
    assert_eq!((story.state("each"), story.take()), ("waiting".to_owned(), "each[0]/x each[1]/x".to_owned()));
    story.ok("each[1]/x");
    assert_eq!(story.take(), "each[1]/y");
    story.ok("each[1]/y");
    assert_eq!(story.ended_frames(), "each[1]:succeeded");
    story.ok("each[0]/x").take();
    story.ok("each[0]/y");
    assert_eq!(story.take(), "each:resume");
    assert_eq!(story.ok("each").take(), "end");
    assert_eq!(story.ok("end").status(), Some(Outcome::Succeeded));
}

#[test]
fn an_empty_map_is_resumed_at_once() {
    let mut story = map().body("each", "x", "").start();
    story.take();
    assert_eq!(story.open("each", 0).take(), "each:resume");
    assert_eq!(story.events("map."), "map.started(each) map.completed(each)");
}

#[test]
fn a_container_that_opens_frames_again_tells_of_each_round() {
    let mut story = map().body("each", "x", "").start();
    for round in 0..2 {
        story.take();
        story.open("each", 1).take();
        story.ok(&format!("each[{round}]/x"));
    }
    let each_round = ["map.started(each)", "map.item(each)", "map.completed(each)"];
    assert_eq!(story.events("map."), [each_round, each_round].concat().join(" "));
}

#[test]
fn frames_of_an_empty_body_end_as_they_open() {
    let mut story = map().body("each", "", "").start();
    story.take();
    assert_eq!(story.open("each", 1000).take(), "each:resume");
    assert_eq!(story.run.ended_frames().len(), 1000);
}

#[test]
fn frames_open_as_far_as_max_concurrency_and_permits_allow() {
    let setup = map().rules("each", |rules| rules.max_concurrency = Some(2));
    let mut story = setup.body("each", "x", "").start();
    story.take();
    assert_eq!(story.open("each", 3).take(), "each[0]/x each[1]/x");
    assert_eq!(story.ok("each[0]/x").take(), "each[2]/x");
    let mut story = map().limit(2).body("each", "x y", "x->y").start();
    story.take();
    assert_eq!(story.open("each", 100).take(), "each[0]/x each[1]/x");
    assert_eq!(story.run.frames.numbers().len(), 3);
    // What was begun is ended first.
    assert_eq!(story.ok("each[0]/x").take(), "each[0]/y");
}

#[test]
fn a_full_type_opens_no_frames_in_vain() {
    let mut story = map().kind("llm", 1).body("each", "x/llm", "").start();
    story.take();
    assert_eq!(story.open("each", 100).take(), "each[0]/x");
    assert!(story.run.frames.numbers().len() <= 3);
    assert_eq!(story.ok("each[0]/x").take(), "each[1]/x");
}

#[test]
fn a_loop_goes_on_by_opening_again() {
    let setup = Setup::of("improve", "").rules("improve", |rules| rules.style = Style::Loop);
    let mut story = setup.body("improve", "draft", "").start();
    story.take();
    for iteration in 1..=3 {
        story.open("improve", 1);
        let path = format!("improve#{iteration}/draft");
        assert_eq!(story.take(), path);
        story.ok(&path);
        assert_eq!(story.take(), "improve:resume");
    }
    assert_eq!(story.ok("improve").status(), Some(Outcome::Succeeded));
    assert_eq!(story.events("loop."), ["loop.iteration(improve)"; 3].join(" "));
}

#[test]
fn paths_name_every_enclosing_frame() {
    let mut story = Setup::of("each", "")
        .body("each", "improve", "")
        .rules("improve", |rules| rules.style = Style::Loop)
        .body("improve", "sub", "")
        .rules("sub", |rules| rules.style = Style::Subworkflow)
        .body("sub", "draft", "")
        .start();
    story.take();
    story.open("each", 1).take();
    story.open("each[0]/improve", 1).take();
    story.open("each[0]/improve#1/sub", 1);
    assert_eq!(story.take(), "each[0]/improve#1/sub/draft");
}

#[test]
fn a_stream_is_fed_while_there_is_room() {
    let setup = map().rules("each", |rules| rules.max_concurrency = Some(2));
    let mut story = setup.body("each", "x", "").start();
    story.take();
    assert_eq!(story.open_more("each", 1).take(), "each:feed each[0]/x");
    assert_eq!(story.open_more("each", 1).take(), "each[1]/x");
    assert_eq!(story.ok("each[0]/x").take(), "each:feed");
    story.ok("each[1]/x");
    assert_eq!(story.open("each", 0).take(), "each:resume");
}

#[test]
fn the_first_failed_frame_stops_its_siblings_and_the_container_decides() {
    let mut story = map().limit(2).body("each", "x", "").start();
    story.take();
    story.open("each", 5).take();
    assert_eq!(story.fail("each[0]/x").said(), "each[0]/x:failed");
    assert_eq!((story.take_to_cancel(), story.take()), ("each[1]/x".to_owned(), String::new()));
    story.cancelled("each[1]/x");
    assert_eq!(story.ended_frames(), "each[0]:failed each[1]:cancelled");
    assert_eq!(story.take(), "each:resume");
    story.fail("each");
    assert_eq!((story.said(), story.status()), ("each:failed".to_owned(), Some(Outcome::Failed)));
}

#[test]
fn keep_going_leaves_the_siblings_alone_and_a_result_is_degraded() {
    let setup = map().rules("each", |rules| rules.keep_going = true);
    let mut story = setup.body("each", "x", "").start();
    story.take();
    story.open("each", 2).take();
    story.fail("each[0]/x");
    assert_eq!(story.take_to_cancel(), "");
    story.ok("each[1]/x");
    assert_eq!(story.take(), "each:resume");
    story.ok("each").take();
    assert_eq!(story.ok("end").status(), Some(Outcome::SucceededDegraded));
}

#[test]
fn a_failed_frame_stops_only_itself() {
    let mut story = Setup::of("each side", "")
        .rules("each", |rules| rules.on_failure = OnFailure::Skip)
        .body("each", "x y", "")
        .start();
    story.take();
    story.open("each", 1).take();
    story.fail("each[0]/x");
    assert_eq!((story.take_to_cancel(), story.state("side")), ("each[0]/y".to_owned(), "running".to_owned()));
    story.cancelled("each[0]/y");
    assert_eq!(story.take(), "each:resume");
    story.fail("each").ok("side");
    assert_eq!(story.status(), Some(Outcome::SucceededDegraded));
}

#[test]
fn a_feed_that_was_stopped_for_a_failed_frame_is_followed_by_resume() {
    let setup = map().rules("each", |rules| rules.max_concurrency = Some(2));
    let mut story = setup.body("each", "x", "").start();
    story.take();
    story.open_more("each", 1).take();
    story.fail("each[0]/x");
    assert_eq!(story.take_to_cancel(), "each");
    assert_eq!(story.cancelled("each").take(), "each:resume");
    assert_eq!(story.fail("each").status(), Some(Outcome::Failed));
}

#[test]
fn cancelling_goes_down_through_all_frames() {
    let mut story = Setup::of("each after", "each->after")
        .body("each", "sub rest", "sub->rest")
        .body("sub", "x wait:9", "")
        .start();
    story.take();
    story.open("each", 2).take();
    story.open("each[0]/sub", 1).take();
    let running = story.cancel();
    assert_eq!(running, "each each[0]/sub each[1]/sub each[0]/sub[0]/x");
    story.cancelled("each[0]/sub[0]/x each[1]/sub");
    assert_eq!(story.status(), Some(Outcome::Cancelled));
    assert_eq!(story.states("each after"), "cancelled skipped:cancelled");
    let ended = story.ended_frames();
    assert_eq!(ended, "each[0]/sub[0]:cancelled each[0]:cancelled each[1]:cancelled");
}

#[test]
fn drain_lets_frames_end_what_they_began() {
    let mut story =
        Setup::of("each bad", "").limit(3).on_error(OnError::Drain).body("each", "x y", "x->y").start();
    story.take();
    story.open("each", 9).take();
    story.fail("bad");
    assert_eq!((story.take(), story.take_to_cancel()), (String::new(), String::new()));
    story.ok("each[0]/x each[1]/x");
    assert_eq!(story.states("each bad"), "cancelled failed");
    assert_eq!(story.status(), Some(Outcome::Failed));
}

#[test]
fn drain_does_not_resume_a_container_whose_frames_were_cut_short() {
    for last in [false, true] {
        let mut story =
            Setup::of("each bad", "").on_error(OnError::Drain).body("each", "x y", "x->y").start();
        story.take();
        story.open("each", 1).take();
        if last {
            story.ok("each[0]/x").take();
        }
        story.fail("bad").ok(if last { "each[0]/y" } else { "each[0]/x" });
        assert_eq!(story.take(), if last { "each:resume" } else { "" });
        assert_eq!(story.status().is_some(), !last);
    }
}

#[test]
fn a_frame_that_was_cut_short_leaves_its_siblings_alone() {
    let mut story =
        Setup::of("each bad", "").limit(3).on_error(OnError::Drain).body("each", "x y", "x->y").start();
    story.take();
    story.open("each", 2).take();
    story.fail("bad").ok("each[0]/x");
    assert_eq!(
        (story.ended_frames(), story.take_to_cancel()),
        ("each[0]:cancelled".to_owned(), String::new())
    );
}

#[test]
fn the_timeout_of_a_container_spans_its_frames() {
    let setup = map().rules("each", |rules| (rules.timeout, rules.max_attempts) = (Some(3.0), Some(2)));
    let mut story = setup.body("each", "x", "").start();
    story.take();
    story.open("each", 1).take();
    story.now = 3.0;
    assert_eq!(story.take(), "");
    assert_eq!(story.take_to_cancel(), "each:timeout each[0]/x");
    story.fail_for_now("each");
    assert_eq!((story.said(), story.state("each")), (String::new(), "waiting".to_owned()));
    story.cancelled("each[0]/x");
    assert_eq!((story.said(), story.take()), ("each:retrying".to_owned(), String::new()));
    story.now = 60.0;
    assert_eq!(story.take(), "each");
    assert_eq!(story.open("each", 1).take(), "each[0]/x");
}

#[test]
fn the_timeout_of_a_container_holds_while_it_is_about_to_resume() {
    let setup = map().rules("each", |rules| (rules.timeout, rules.on_failure) = (Some(3.0), OnFailure::Skip));
    let mut story = setup.body("each", "x", "").start();
    story.take();
    story.open("each", 1).take();
    story.ok("each[0]/x");
    story.run.settle(Vec::new(), story.time()).unwrap();
    assert_eq!(story.take(), "each:resume");
    story.now = 3.0;
    assert_eq!((story.take(), story.take_to_cancel()), (String::new(), "each:timeout".to_owned()));
    assert_eq!(story.fail("each").said(), "each:skip");
}

#[test]
fn a_fallback_may_replace_a_container_and_be_one() {
    let mut story = Setup::of("each end spare", "each->end")
        .rules("each", |rules| rules.on_failure = OnFailure::Fallback(2))
        .body("each", "x", "")
        .start();
    story.take();
    story.open("each", 1).take();
    story.fail("each[0]/x").take();
    assert_eq!(story.fail("each").take(), "each=spare");
    assert!(story.run.containers.is_empty());
    story.ok("each").take();
    assert_eq!(story.ok("end").status(), Some(Outcome::SucceededDegraded));

    let mut setup = Setup::of("a spare", "").rules("a", |rules| rules.on_failure = OnFailure::Fallback(1));
    setup = setup.body("spare", "x", "");
    let mut story = setup.start();
    story.take();
    assert_eq!(story.fail("a").take(), "a=spare");
    assert_eq!(story.open("a", 1).take(), "spare[0]/x");
    assert_eq!(story.ok("spare[0]/x").take(), "a=spare:resume");
    assert_eq!(story.ok("a").status(), Some(Outcome::SucceededDegraded));
    assert!(story.run.containers.is_empty());
}

#[test]
fn a_frame_compensates_before_it_ends() {
    let mut story = Setup::of("sub", "")
        .rules("sub", |rules| rules.style = Style::Subworkflow)
        .body("sub", "a b", "a->b")
        .rules("a", |rules| rules.compensate = true)
        .start();
    story.take();
    story.open("sub", 1).take();
    story.ok("sub/a").take();
    story.fail("sub/b");
    assert_eq!((story.take(), story.ended_frames()), ("sub/a:compensate".to_owned(), String::new()));
    assert_eq!(story.ok("sub/a").ended_frames(), "sub:failed");
    assert_eq!(story.take(), "sub:resume");
}

#[test]
fn containers_hold_no_permit_while_their_frames_run() {
    let mut story = map().limit(1).body("each", "x", "").start();
    story.take();
    assert_eq!(story.open("each", 1).take(), "each[0]/x");
}

#[test]
fn a_longer_path_through_the_container_goes_first() {
    let setup = Setup::of("each long end short", "each->long long->end short->end").limit(1);
    let mut story = setup.body("each", "x", "").start();
    assert_eq!(story.take(), "each");
    assert_eq!(story.open("each", 1).take(), "each[0]/x");
    story.ok("each[0]/x");
    assert_eq!(story.take(), "each:resume short");
}

#[test]
fn priority_goes_before_path_and_resources_are_limited() {
    let setup = Setup::of("a b c d e", "a->b c->e d->e").limit(9).resource("db", 1);
    let setup = setup.rules("d", |rules| rules.priority = 1);
    let mut story = setup.rules("a c d", |rules| rules.resource = Some("db".to_owned())).start();
    assert_eq!(story.take(), "d");
    assert_eq!(story.ok("d").take(), "a");
    assert_eq!(story.ok("a").take(), "c b");
}

#[test]
fn pass_on_needs_no_host_and_no_permit() {
    let setup =
        Setup::of("a p q end", "a->p p->q q->end").limit(1).rules("p q", |rules| rules.pass_on = true);
    let mut story: Story = setup.start();
    story.take();
    assert_eq!(story.ok("a").take(), "end");
    assert_eq!(story.states("p q"), "succeeded succeeded");
}

#[test]
fn what_comes_late_for_a_forgotten_frame_is_ignored() {
    let mut story = map().body("each", "x", "").start();
    story.take();
    story.open("each", 1).take();
    let late = story.activation("each[0]/x");
    story.ok("each[0]/x");
    assert_eq!(story.run.frame(1).unwrap().1.as_ref(), "each[0]");
    story.ended_frames();
    story.take();
    assert!(story.run.frame(1).is_err());
    let again = |activation| vec![Settlement { activation, settled: Settled::Cancelled }];
    assert_eq!(story.run.settle(again(late), story.time()), Ok(Vec::new()));
    assert!(story.run.settle(again(Activation::new(2, 0)), story.time()).is_err());
}

#[test]
fn only_a_container_opens_frames_and_only_before_it_ends() {
    let mut story = Story::of("a", "");
    story.take();
    assert!(story.settle("a", Settled::Opened { count: 1, more: false }).is_err());
    assert_eq!(story.state("a"), "running");
}

#[test]
fn a_map_keeps_no_more_frames_than_are_open() {
    let mut story = map().limit(4).body("each", "x", "").start();
    story.take();
    story.open("each", 10_000);
    loop {
        let taken = story.run.take(story.time());
        if taken[0].activation.frame() == 0 {
            break;
        }
        let settled = taken.into_iter().map(|one| Settlement {
            activation: one.activation,
            settled: Settled::Succeeded(crate::graph::Choice::All),
        });
        story.run.settle(settled.collect(), story.time()).unwrap();
        assert!(story.run.frames.numbers().len() <= 1 + 2 * 4);
        story.run.ended_frames();
    }
}
