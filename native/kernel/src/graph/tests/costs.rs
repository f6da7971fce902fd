//! What a settlement costs, counted in hops and edges that are looked at.

use super::story::Story;

/// Runs a graph to its end; the steps that each settlement took, by node.
fn costs(story: &mut Story) -> Vec<(String, usize)> {
    let mut costs = Vec::new();
    while story.status().is_none() {
        for id in story.take().split_whitespace() {
            let before = story.run.steps;
            story.ok(id);
            costs.push((id.to_owned(), story.run.steps - before));
        }
    }
    costs
}

fn wide(count: usize, port: impl Fn(usize) -> String) -> Story {
    let middle: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
    let spread = middle.iter().map(|id| format!("in->{id}"));
    let gather = middle.iter().enumerate().map(|(n, id)| format!("{id}->out{}", port(n)));
    let edges: Vec<String> = spread.chain(gather).collect();
    Story::of(&format!("in {} out", middle.join(" ")), &edges.join(" "))
}

#[test]
fn a_settlement_costs_as_much_as_the_node_has_out_edges_however_large_the_graph() {
    for count in [10, 1000] {
        let costs = costs(&mut wide(count, |_| String::new()));
        assert_eq!(costs.len(), count + 2);
        assert!(costs[0].1 <= count + 4, "{:?}", costs[0]);
        assert!(costs[1..].iter().all(|(_, steps)| *steps <= 5), "{costs:?}");
    }
}

#[test]
fn a_chain_costs_the_same_per_node_at_any_length() {
    let ids: Vec<String> = (0..1000).map(|n| format!("n{n}")).collect();
    let edges: Vec<String> = ids.windows(2).map(|pair| format!("{}->{}", pair[0], pair[1])).collect();
    let costs = costs(&mut Story::of(&ids.join(" "), &edges.join(" ")));
    assert_eq!(costs.len(), 1000);
    assert!(costs.iter().all(|(_, steps)| *steps <= 5), "{costs:?}");
}

#[test]
fn deciding_a_join_looks_once_at_each_of_its_edges_whatever_their_ports() {
    for port in [|n| format!(".p{}", n % 2), |n| format!(".p{n}")] as [fn(usize) -> String; 2] {
        let costs = costs(&mut wide(1000, port));
        let (last, steps) = &costs[1000];
        assert_eq!(last, "m999");
        assert!((1000..=1005).contains(steps), "{steps}");
    }
}
