//! Counters over a rolling window, in buckets that are forgotten one at a time.

use std::time::Duration;

use crate::clock::Time;

/// `N` counters over the last `window`; the oldest bucket drops out as a new one begins.
#[derive(Clone, Debug)]
pub(super) struct Rolling<const N: usize> {
    width_ns: u128,
    newest: u128,
    buckets: Vec<Bucket<N>>,
}

/// Counts of one slice of time; `epoch` says which, so that an old slice is never mistaken for a new one.
#[derive(Clone, Debug)]
struct Bucket<const N: usize> {
    epoch: u128,
    counts: [u32; N],
}

impl<const N: usize> Rolling<N> {
    /// An empty window; fewer than one bucket counts as one.
    pub(super) fn new(window: Duration, buckets: usize) -> Self {
        let buckets = buckets.max(1);
        let width_ns = (window.as_nanos() / buckets as u128).max(1);
        Rolling { width_ns, newest: 0, buckets: vec![Bucket { epoch: 0, counts: [0; N] }; buckets] }
    }

    /// Adds to the bucket of `now`. A `now` from just before the last one counts as the last one.
    pub(super) fn add(&mut self, counts: [u32; N], now: Time) {
        self.newest = self.newest.max(now.0.as_nanos() / self.width_ns);
        let index = (self.newest % self.buckets.len() as u128) as usize;
        let bucket = &mut self.buckets[index];
        if bucket.epoch != self.newest {
            *bucket = Bucket { epoch: self.newest, counts: [0; N] };
        }
        for (total, count) in bucket.counts.iter_mut().zip(counts) {
            *total = total.saturating_add(count);
        }
    }

    /// The sums over the window that ends with `now`.
    pub(super) fn sum(&self, now: Time) -> [u32; N] {
        let newest = self.newest.max(now.0.as_nanos() / self.width_ns);
        let live = |bucket: &&Bucket<N>| bucket.epoch + self.buckets.len() as u128 > newest;
        self.buckets.iter().filter(live).fold([0; N], |mut sums, bucket| {
            for (sum, count) in sums.iter_mut().zip(bucket.counts) {
                *sum = sum.saturating_add(count);
            }
            sums
        })
    }
}
