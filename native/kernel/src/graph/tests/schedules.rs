//! Random workflows, choices, failures, delays and cancellations under random orders of completion.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::driving::Driver;
use super::random::Case;
use super::reckoning::Reckoning;
use crate::graph::{OnError, Outcome, Plan};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn results_do_not_depend_on_the_order_of_completion(seed in any::<u64>(), size in 1..14usize) {
        let case = Case::new(seed, size, true);
        let plan = Arc::new(Plan::new(case.scopes.clone()).unwrap());
        let mut reckoning = Reckoning { case: &case, plan: &plan, states: HashMap::new() };
        let (outcome, degraded) = reckoning.frame(0, "");
        let outcome = match outcome {
            Outcome::Succeeded if degraded => Outcome::SucceededDegraded,
            outcome => outcome,
        };
        for turn in 0..5 {
            let mut driver = Driver::new(&case, &plan, OnError::Continue, seed.wrapping_add(turn * 7919));
            driver.drive(None, None);
            prop_assert_eq!(&driver.states, &reckoning.states);
            prop_assert_eq!(driver.run.status(), Some(outcome));
        }
    }

    #[test]
    fn a_run_ends_with_nothing_left_whatever_stops_it(
        seed in any::<u64>(),
        size in 1..14usize,
        mode in 0..3usize,
        drain_after in prop::option::of(0..12usize),
        cancel_after in prop::option::of(0..12usize),
    ) {
        let on_error = [OnError::FailFast, OnError::Drain, OnError::Continue][mode];
        let case = Case::new(seed, size, false);
        let plan = Arc::new(Plan::new(case.scopes.clone()).unwrap());
        for turn in 0..5 {
            let mut driver = Driver::new(&case, &plan, on_error, seed.wrapping_add(turn * 7919));
            driver.drive(drain_after, cancel_after);
        }
    }
}
