//! Plans and what is wrong with them.

use super::story::{Setup, scope};
use crate::graph::{EdgeSpec, GraphError, JoinRule, OnError, OnFailure, Plan, Rules, Run, ScopeSpec, check};

fn findings(nodes: &str, edges: &str) -> Vec<String> {
    said(&[scope(nodes, edges)])
}

fn said(scopes: &[ScopeSpec]) -> Vec<String> {
    let found = check(scopes);
    assert_eq!(Plan::new(scopes.to_vec()).is_ok(), found.is_empty());
    assert!(found.iter().all(|one| !one.message().is_empty() && !one.fix().is_empty()));
    let scope = |scope: usize| if scope == 0 { String::new() } else { format!("{scope}: ") };
    let told = found
        .iter()
        .map(|one| format!("{}{} {:?} {}", scope(one.scope), one.code.as_str(), one.node, one.detail));
    told.collect()
}

#[test]
fn a_sound_graph_has_no_findings() {
    assert!(findings("a b c d", "a->b a->c b->d c->d").is_empty());
}

#[test]
fn an_empty_graph_and_independent_nodes_are_sound() {
    assert!(findings("", "").is_empty());
    assert!(findings("a b c", "").is_empty());
}

#[test]
fn a_cycle_is_named_from_its_earliest_node() {
    assert_eq!(findings("in a b c", "in->b b->c c->a a->b"), ["cycle Some(1) a -> b -> c -> a"]);
}

#[test]
fn each_cycle_is_reported() {
    let found = findings("a b c d e", "a->b b->a b->c c->d d->c d->e");
    assert_eq!(found, ["cycle Some(0) a -> b -> a", "cycle Some(2) c -> d -> c"]);
}

#[test]
fn a_node_between_two_cycles_is_on_neither() {
    let found = findings("a b m c d", "a->b b->a b->m m->c c->d d->c");
    assert_eq!(found, ["cycle Some(0) a -> b -> a", "cycle Some(3) c -> d -> c"]);
}

#[test]
fn a_self_edge_is_not_also_a_cycle() {
    assert_eq!(findings("a b", "a->b b->b"), ["self_edge Some(1) b"]);
}

#[test]
fn a_second_node_with_an_id_is_reported() {
    assert_eq!(findings("a b a", "a->b"), ["duplicate_id Some(2) a", "disconnected Some(2) a"]);
}

#[test]
fn the_same_edge_twice_is_reported_but_two_labels_are_two_edges() {
    assert_eq!(findings("a b", "a->b a->b"), ["duplicate_edge Some(0) a -> b"]);
    assert!(findings("a b", "a-yes->b a-maybe->b").is_empty());
}

#[test]
fn a_lone_node_beside_edges_is_disconnected() {
    assert_eq!(findings("a b c", "a->b"), ["disconnected Some(2) c"]);
}

#[test]
fn an_edge_to_nowhere_names_its_known_end() {
    let edges = |ends: &[(usize, usize)]| {
        let edge = |&(from, to): &(usize, usize)| EdgeSpec { from, to, ..EdgeSpec::default() };
        [ScopeSpec { edges: ends.iter().map(edge).collect(), ..scope("a b", "") }]
    };
    assert_eq!(
        said(&edges(&[(0, 1), (1, 7)])),
        ["unknown_node Some(1) edge 1 goes from 1 to 7, but there are 2 nodes"]
    );
    assert!(said(&edges(&[(8, 9), (0, 1)])).iter().any(|one| one.starts_with("unknown_node None")));
}

#[test]
fn a_delay_must_be_finite_and_not_negative() {
    for secs in ["-1", "NaN", "inf", "1e300"] {
        assert!(findings(&format!("a:{secs}"), "")[0].starts_with("invalid_delay Some(0)"), "{secs}");
    }
}

#[test]
fn findings_come_in_order_of_node() {
    let found = findings("x a b", "a->b b->a");
    assert_eq!(found, ["disconnected Some(0) x", "cycle Some(1) a -> b -> a"]);
}

#[test]
fn an_invalid_plan_tells_every_fault() {
    let error = Plan::new(vec![scope("x a b", "a->b b->a")]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("node x") && text.contains("a -> b -> a"), "{text}");
    assert!(matches!(error, GraphError::Invalid(found) if found.len() == 2));
}

#[test]
fn the_order_is_topological_with_ties_by_declaration() {
    let plan = Plan::new(vec![scope("d c b a", "a->d b->d a->c")]).unwrap();
    assert_eq!(plan.scope(0).order(), [2, 3, 0, 1]);
}

#[test]
fn ancestors_come_in_topological_order() {
    let plan = Plan::new(vec![scope("d c b a x", "a->b b->c c->d a->d x->c")]).unwrap();
    assert_eq!(plan.scope(0).ancestors(0), Ok(vec![3, 2, 4, 1]));
    assert_eq!(plan.scope(0).ancestors(3), Ok(vec![]));
    assert_eq!(plan.scope(0).ancestors(5), Err(GraphError::UnknownNode { index: 5, count: 5 }));
}

#[test]
fn limits_below_one_are_refused_by_name() {
    let refused = |setup: Setup| {
        let plan = Plan::new(setup.scopes).unwrap();
        Run::new(plan.into(), &setup.options).unwrap_err()
    };
    assert_eq!(refused(Setup::of("a", "").limit(0)).field(), Some("max_concurrency"));
    let error = refused(Setup::of("a", "").kind("agent", 0));
    assert_eq!(error.to_string(), "type_limits must be at least 1, got 0 for \"agent\"");
    assert_eq!(refused(Setup::of("a", "").resource("db", 0)).field(), Some("resource_limits"));
    assert!("stop".parse::<OnError>().is_err());
}

fn with(nodes: &str, edges: &str, ids: &str, set: impl Fn(&mut Rules)) -> Vec<String> {
    said(&Setup::of(nodes, edges).rules(ids, set).scopes)
}

#[test]
fn rules_out_of_range_are_named() {
    let sets: [fn(&mut Rules); 8] = [
        |rules| rules.max_attempts = Some(0),
        |rules| rules.timeout = Some(0.0),
        |rules| rules.deadline = Some(f64::NAN),
        |rules| rules.backoff.base = -1.0,
        |rules| rules.backoff.factor = 0.5,
        |rules| rules.backoff.cap = f64::INFINITY,
        |rules| rules.max_concurrency = Some(0),
        |rules| (rules.delay, rules.pass_on) = (Some(1.0), true),
    ];
    for set in sets {
        let found = with("a b", "a->b", "b", set);
        assert!(found.len() == 1 && found[0].starts_with("invalid_rule Some(1) node b: "), "{found:?}");
    }
}

#[test]
fn joins_need_enough_edges() {
    let quorum = |count| move |rules: &mut Rules| rules.join = JoinRule::Quorum(count);
    assert!(with("a b c", "a->c b->c", "c", quorum(2)).is_empty());
    let found = with("a b c", "a->c b->c", "c", quorum(3));
    assert_eq!(found, ["quorum_unreachable Some(2) node c waits for 3 branches, but has 2 incoming edges"]);
    assert_eq!(with("a b", "a->b", "a", quorum(1)), ["join_without_edges Some(0) a"]);
    assert!(with("a b", "a->b", "b", quorum(0))[0].starts_with("invalid_rule Some(1)"));
}

#[test]
fn routed_errors_and_error_edges_belong_together() {
    let route = |rules: &mut Rules| rules.on_failure = OnFailure::Route;
    assert!(with("a b", "a!>b", "a", route).is_empty());
    assert_eq!(with("a b", "a->b", "a", route), ["no_error_edge Some(0) a"]);
    assert_eq!(findings("a b", "a!>b"), ["unused_error_edge Some(0) a -> b"]);
}

#[test]
fn a_fallback_has_no_edges_and_leads_nowhere_back() {
    let to = |node| move |rules: &mut Rules| rules.on_failure = OnFailure::Fallback(node);
    assert!(with("a b spare", "a->b", "a", to(2)).is_empty());
    assert_eq!(with("a b", "a->b", "a", to(1)), ["fallback_with_edges Some(1) b"]);
    assert!(with("a b", "a->b", "a", to(7))[0].starts_with("unknown_node Some(0)"));
    let setup = Setup::of("a b x y", "a->b").rules("a y", to(2)).rules("x", to(3));
    assert_eq!(said(&setup.scopes), ["fallback_cycle Some(2) x -> y -> x"]);
    assert_eq!(with("a", "", "a", to(0)), ["fallback_cycle Some(0) a -> a"]);
}

#[test]
fn scopes_form_a_tree_of_containers() {
    let body = |scope| move |rules: &mut Rules| rules.body = Some(scope);
    assert!(said(&Setup::of("a", "").body("a", "b", "").body("b", "c", "").scopes).is_empty());
    let shared = Setup::of("a b", "").rules("b", body(1)).body("a", "x", "").scopes;
    assert!(said(&shared)[0].starts_with("body_shared Some(1)"));
    assert!(said(&Setup::of("a", "").rules("a", body(0)).scopes)[0].starts_with("body_shared Some(0)"));
    assert!(said(&Setup::of("a", "").rules("a", body(4)).scopes)[0].starts_with("unknown_scope Some(0)"));
    let orphan = [scope("a", ""), scope("b", "")];
    assert_eq!(said(&orphan), ["1: unknown_scope None scope 1 is the body of no container"]);
    let mut cycle = Setup::of("a", "");
    cycle.scopes.extend([scope("b", ""), scope("c", "")]);
    cycle.scopes[1].nodes[0].rules.body = Some(2);
    cycle.scopes[2].nodes[0].rules.body = Some(1);
    assert_eq!(said(&cycle.scopes).len(), 2);
    assert!(said(&cycle.scopes)[0].starts_with("1: body_shared"));
}
