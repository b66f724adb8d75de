//! Samples, and the report made of them.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// Durations of one kind of work.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// The duration that `share` of the samples don't exceed, in microseconds. 0 without samples.
    pub(crate) fn quantile_us(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below the number of samples")]
        let index = ((self.0.len() as f64 * share) as usize).min(self.0.len().saturating_sub(1));
        self.0.get(index).map_or(0.0, |sample| sample.as_secs_f64() * 1e6)
    }
}

/// The middle one; 0 without figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// One flat object of numbers.
#[derive(Default)]
pub(crate) struct Report(Map<String, Value>);

impl Report {
    /// Adds a figure, and prints it at once: a run takes minutes.
    pub(crate) fn set(&mut self, key: &str, figure: f64) {
        eprintln!("{key:<36}{figure:>16.3}");
        self.0.insert(key.to_owned(), Value::from((figure * 1000.0).round() / 1000.0));
    }

    pub(crate) fn write(self, path: &Path) -> Result<()> {
        std::fs::write(path, format!("{:#}\n", Value::Object(self.0))).with_context(|| format!("writing {}", path.display()))
    }
}
