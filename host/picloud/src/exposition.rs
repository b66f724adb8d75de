//! The text format in which Prometheus reads figures (version 0.0.4): families of samples, each with its kind and what it is.

use std::fmt::{Display, Write as _};

use orchestrator::metrics::HistogramFigures;

/// What the format is called.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family's numbers can do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Only grow.
    Counter,
    /// Anything.
    Gauge,
}

/// The text as it grows. Every name begins with `picloud_`.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

impl Exposition {
    /// A family with one sample.
    pub(crate) fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.labelled(name, kind, help, [], [([], value)]);
    }

    /// A family whose samples differ in one label.
    pub(crate) fn many<'a, V: Display>(
        &mut self,
        name: &str,
        kind: Kind,
        help: &str,
        label: &str,
        samples: impl IntoIterator<Item = (&'a str, V)>,
    ) {
        self.labelled(name, kind, help, [label], samples.into_iter().map(|(value, number)| ([value], number)));
    }

    /// A family whose samples differ in these labels. Values of labels are words of ours and ids: nothing in them needs to be escaped.
    pub(crate) fn labelled<'a, V: Display, const N: usize>(
        &mut self,
        name: &str,
        kind: Kind,
        help: &str,
        labels: [&str; N],
        samples: impl IntoIterator<Item = ([&'a str; N], V)>,
    ) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.head(name, kind, help);
        for (values, number) in samples {
            let pairs: Vec<String> = labels.iter().zip(values).map(|(label, value)| format!("{label}=\"{value}\"")).collect();
            let pairs = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
            self.line(format_args!("picloud_{name}{pairs} {number}"));
        }
    }

    /// A histogram whose values are shown divided, since they were counted in whole numbers.
    pub(crate) fn histogram(&mut self, name: &str, help: &str, figures: &HistogramFigures, divisor: f64) {
        self.head(name, "histogram", help);
        for (bound, count) in &figures.cumulative {
            self.line(format_args!("picloud_{name}_bucket{{le=\"{}\"}} {count}", divided(*bound, divisor)));
        }
        self.line(format_args!("picloud_{name}_bucket{{le=\"+Inf\"}} {}", figures.count));
        self.line(format_args!("picloud_{name}_sum {}", divided(figures.sum, divisor)));
        self.line(format_args!("picloud_{name}_count {}", figures.count));
    }

    /// All of it.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP picloud_{name} {help}"));
        self.line(format_args!("# TYPE picloud_{name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{line}");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of times or fuel that has lost its last digit is still as good a sum")]
fn divided(value: u64, divisor: f64) -> f64 {
    value as f64 / divisor
}
