//! What a failure leads to: another attempt, another body, another way, or the end of the frame.

use std::sync::Arc;
use std::time::Duration;

use super::activation::{Activation, Ask, Disposition, Handled};
use super::events::What;
use super::frame::{Halt, Phase};
use super::rules::{Backoff, OnFailure, Rest, Rules, seconds};
use super::run::Run;
use super::scope::Scope;
use super::settle::Failure;
use super::state::{OnError, State};
use super::timers::{Alarm, Timer};
use crate::clock::Time;
use crate::resilience::Jitter;

impl Run {
    /// An attempt failed, or the kernel says that it did. Its permits are given back already.
    pub(super) fn fail(&mut self, activation: Activation, failure: Failure, by_kernel: bool, now: Time) {
        let plan = Arc::clone(&self.plan);
        let scope = plan.scope(self.frames[activation.frame()].scope);
        let rules = scope.rules(self.frames[activation].body as usize);
        let text = by_kernel.then(|| failure.text.clone());
        let handled = match self.next_attempt(activation, rules, &failure, now) {
            Some(delay) => {
                self.retry(activation, delay, failure.text, now);
                Handled::Retrying
            }
            None => self.fail_for_good(scope, activation, rules.on_failure, failure.text, now),
        };
        self.dispositions.push(Disposition { activation, handled, text });
        let goes_on = matches!(handled, Handled::Retrying | Handled::Fallback);
        if goes_on && self.frames[activation.frame()].halt != Halt::Going {
            self.end_cancelled(activation, now); // it rests, as if it had waited for that when the drain began
        }
    }

    /// Time until the next attempt; None if there is none.
    fn next_attempt(
        &self,
        activation: Activation,
        rules: &Rules,
        failure: &Failure,
        now: Time,
    ) -> Option<Duration> {
        let slot = &self.frames[activation];
        if !failure.retryable || slot.attempt >= rules.attempts() || !self.may_go_on(activation) {
            return None;
        }
        let asked = failure.retry_after.filter(|secs| *secs > 0.0).map_or(Duration::ZERO, seconds);
        let delay = asked.max(self.jitter(activation, rules.backoff));
        let in_time = |limit: Option<Time>| limit.is_none_or(|limit| now + delay < limit);
        (in_time(slot.deadline) && in_time(self.deadline)).then_some(delay)
    }

    /// Whether an activation that began is not over with its body.
    fn may_go_on(&self, activation: Activation) -> bool {
        let frame = &self.frames[activation.frame()];
        matches!(frame.halt, Halt::Going | Halt::Resting)
            && frame.slots[activation.node()].rest != Some(Rest::Cancel)
    }

    /// Full jitter, the same for the same seed, activation and attempt.
    fn jitter(&self, activation: Activation, backoff: Backoff) -> Duration {
        let attempt = self.frames[activation].attempt;
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = if backoff.base == 0.0 { 0.0 } else { backoff.base * backoff.factor.powi(exponent) };
        let number = activation.0.wrapping_mul(0xD6E8_FEB8_6659_FD93).wrapping_add(u64::from(attempt));
        let mut jitter = Jitter::new(self.seed ^ number.wrapping_mul(0xA076_1D64_78BD_642F));
        jitter.fraction(); // the first of neighbouring seeds are alike
        seconds(longest.min(backoff.cap) * jitter.fraction())
    }

    fn retry(&mut self, activation: Activation, delay: Duration, error: String, now: Time) {
        let attempt = self.frames[activation].attempt + 1;
        self.tell(now, Some(activation), What::NodeRetrying { attempt, delay, error, fallback: None });
        if let Some(container) = self.containers.get_mut(&activation.0) {
            container.reset();
        }
        let slot = &mut self.frames[activation];
        slot.asked = None;
        (slot.state, slot.phase) = (State::Waiting, Phase::Backoff);
        self.timers.push(Timer { due: now + delay, activation, alarm: Alarm::Backoff }, &self.frames);
    }

    fn fail_for_good(
        &mut self,
        scope: &Scope,
        activation: Activation,
        on_failure: OnFailure,
        text: String,
        now: Time,
    ) -> Handled {
        let absorbed = self.frames[activation].rest.is_some() || scope.absorbs(activation.node());
        let handled = match on_failure {
            OnFailure::Value => Handled::Value,
            OnFailure::Route => Handled::Route,
            OnFailure::Skip => Handled::Skip,
            OnFailure::Fallback(node) if self.may_go_on(activation) => {
                self.take_over(scope, activation, node, text, now);
                return Handled::Fallback;
            }
            _ if absorbed => Handled::Absorbed,
            _ => Handled::Failed,
        };
        self.end_failed(activation, text, handled, now);
        if handled == Handled::Failed {
            match self.on_error {
                OnError::FailFast => self.halt(activation.frame(), Halt::Stopped),
                OnError::Drain => self.halt(activation.frame(), Halt::Draining),
                OnError::Continue => {}
            }
        }
        handled
    }

    /// The body of another node runs in place of the one that failed.
    fn take_over(&mut self, scope: &Scope, activation: Activation, node: usize, error: String, now: Time) {
        let delay = Duration::ZERO;
        self.tell(
            now,
            Some(activation),
            What::NodeRetrying { attempt: 1, delay, error, fallback: Some(node) },
        );
        self.frames[activation].asked = None;
        self.containers.remove(&activation.0);
        if self.frames[activation].body as usize != activation.node() {
            self.settle_body(activation, State::Failed, now);
        }
        let slot = &mut self.frames[activation];
        if slot.body as usize == activation.node() {
            slot.spent = slot.attempt;
        }
        slot.body = node as u32;
        slot.attempt = 0;
        slot.deadline = None;
        self.make_ready(scope, activation, now);
    }

    /// The time of an attempt, or of all, is over.
    pub(super) fn expire(&mut self, activation: Activation, ask: Ask, now: Time) {
        let slot = &mut self.frames[activation];
        if let Phase::Queued(_) = slot.phase {
            slot.phase = Phase::Open; // waits for the host to say how it ends
        }
        if slot.is_busy() {
            self.ask(activation, ask);
            self.stop_frames(activation);
            return;
        }
        let frame = &self.frames[activation.frame()];
        let rules = self.plan.scope(frame.scope).rules(frame.slots[activation.node()].body as usize);
        let text = format!("was not done within its deadline of {} s", rules.deadline.unwrap_or_default());
        self.fail(activation, Failure::final_one(text), true, now);
    }
}
