//! How often a value lay below each of some bounds.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts by bucket; one more for what is above all bounds.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

/// A copy of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramFigures {
    /// A bound, and how many values were not above it.
    pub cumulative: Vec<(u64, u64)>,
    /// How many values there were.
    pub count: u64,
    /// All of them together.
    pub sum: u64,
}

impl<const N: usize> Histogram<N> {
    /// `bounds` ascend.
    pub(crate) fn new(bounds: &'static [u64; N]) -> Self {
        Self { bounds, counts: [const { AtomicU64::new(0) }; N], beyond: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    pub(crate) fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts.get(place).unwrap_or(&self.beyond).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    pub(crate) fn figures(&self) -> HistogramFigures {
        let mut count = 0;
        let cumulative = self
            .bounds
            .iter()
            .zip(&self.counts)
            .map(|(bound, own)| {
                count += own.load(Ordering::Relaxed);
                (*bound, count)
            })
            .collect();
        count += self.beyond.load(Ordering::Relaxed);
        HistogramFigures { cumulative, count, sum: self.sum.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_for_its_bound_and_all_above() {
        let histogram = Histogram::new(&[10, 20]);
        [0, 10, 11, 20, 21, 1_000].into_iter().for_each(|value| histogram.observe(value));
        let expected = HistogramFigures { cumulative: vec![(10, 2), (20, 4)], count: 6, sum: 1_062 };
        assert_eq!(histogram.figures(), expected);
    }
}
