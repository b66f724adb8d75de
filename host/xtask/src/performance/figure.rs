//! What the benchmark measures: each key of its report, what it is, and what was to be reached.

/// One key of the report.
pub(super) struct Figure {
    pub(super) key: &'static str,
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    /// Upper bounds, as many as there are: a first one, a harder one, the limit of what is thought possible.
    pub(super) targets: &'static [f64],
}

/// What a number of the report counts.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Ratio,
    Microseconds,
    Milliseconds,
    Bytes,
    Permille,
}

impl Unit {
    /// For people: few digits, and the unit.
    pub(super) fn text(self, number: f64) -> String {
        match self {
            Self::Ratio => format!("{number:.2}"),
            Self::Microseconds if number >= 1000.0 => format!("{:.2} ms", number / 1000.0),
            Self::Microseconds => format!("{number:.1} us"),
            Self::Milliseconds if number >= 100.0 => format!("{number:.0} ms"),
            Self::Milliseconds => format!("{number:.1} ms"),
            Self::Bytes if number >= f64::from(1 << 20) => format!("{:.0} MiB", number / f64::from(1 << 20)),
            Self::Bytes => format!("{:.1} KiB", number / 1024.0),
            Self::Permille => format!("{number:.2} permille"),
        }
    }

    /// A bound, without digits that say nothing.
    pub(super) fn bound(self, number: f64) -> String {
        match self {
            Self::Ratio => number.to_string(),
            Self::Microseconds => format!("{number} us"),
            Self::Milliseconds => format!("{number} ms"),
            Self::Bytes => format!("{} KiB", number / 1024.0),
            Self::Permille => format!("{number} permille"),
        }
    }
}

const fn figure(key: &'static str, what: &'static str, unit: Unit, targets: &'static [f64]) -> Figure {
    Figure { key, what, unit, targets }
}

/// What PiCloud is judged by, in the order of the design.
pub(super) const HEADLINES: &[Figure] = &[
    figure("isolated_over_inprocess_p50", "the cart in a sandbox of its own / Rhai in process, medians", Unit::Ratio, &[3.0, 1.8, 1.0]),
    figure("zipf_10k_p99_over_hot_p99", "10,000 scripts by Zipf's law / one hot script, 99th percentiles", Unit::Ratio, &[1.5, 1.2, 1.0]),
    figure("cpu_over_hyper", "processor time of a request / of a bare \"hello\" (axum on hyper)", Unit::Ratio, &[5.0, 3.0, 2.0]),
    figure("cpu_over_first_design", "the same / of PiCloud's first design", Unit::Ratio, &[0.8, 0.6, 0.4]),
    figure("cpu_over_workerd", "the same / of workerd", Unit::Ratio, &[0.5, 0.4, 0.25]),
    figure("cpu_over_wasmtime_serve", "the same / of `wasmtime serve`", Unit::Ratio, &[]),
    figure("noisy_neighbour_p99_ratio", "a quiet app beside a greedy one / alone, 99th percentiles", Unit::Ratio, &[2.0, 1.5, 1.1]),
    figure("idle_script_bytes", "memory of an idle script", Unit::Bytes, &[24.0 * 1024.0, 8.0 * 1024.0, 2.0 * 1024.0]),
    figure("deploy_to_live_ms_p50", "from the call of the API to the first new answer, median", Unit::Milliseconds, &[50.0, 10.0, 5.0]),
    figure("ready_ms_10k_scripts", "from start to ready with 10,000 scripts", Unit::Milliseconds, &[5000.0, 1000.0, 300.0]),
    figure("idle_cpu_permille", "processors taken by an instance that nobody asks, with its PostgreSQL", Unit::Permille, &[2.0]),
    figure("idle_rss_bytes", "its resident memory, with 10,000 scripts", Unit::Bytes, &[]),
    figure("idle_postgres_pss_bytes", "that of its PostgreSQL", Unit::Bytes, &[]),
];

/// What those are made of.
pub(super) const PARTS: &[Figure] = &[
    figure("isolated_us_p50", "the cart in a sandbox of its own", Unit::Microseconds, &[]),
    figure("isolated_empty_us_p50", "a script that does nothing, in a sandbox of its own", Unit::Microseconds, &[]),
    figure("inprocess_us_p50", "the cart by Rhai in process", Unit::Microseconds, &[]),
    figure("isolated_over_inprocess_min", "the quickest of both", Unit::Ratio, &[]),
    figure("cpu_us_per_request", "PiCloud: processor time of a request", Unit::Microseconds, &[]),
    figure("postgres_cpu_us_per_request", "of its PostgreSQL, for the rows of executions", Unit::Microseconds, &[]),
    figure("hello_cpu_us_per_request", "a bare \"hello\"", Unit::Microseconds, &[]),
    figure("first_design_cpu_us_per_request", "PiCloud's first design", Unit::Microseconds, &[]),
    figure("workerd_cpu_us_per_request", "workerd", Unit::Microseconds, &[]),
    figure("wasmtime_serve_cpu_us_per_request", "`wasmtime serve`", Unit::Microseconds, &[]),
    figure("quiet_alone_p50_us", "the quiet app alone, median", Unit::Microseconds, &[]),
    figure("quiet_alone_p99_us", "the quiet app alone, 99th percentile", Unit::Microseconds, &[]),
    figure("quiet_beside_noisy_p50_us", "beside the greedy one, median", Unit::Microseconds, &[]),
    figure("quiet_beside_noisy_p99_us", "beside the greedy one, 99th percentile", Unit::Microseconds, &[]),
];

/// Every key that a report may have.
pub(super) fn all() -> impl Iterator<Item = &'static Figure> {
    HEADLINES.iter().chain(PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(Unit::Microseconds.text(78.456), "78.5 us");
        assert_eq!(Unit::Microseconds.text(4900.0), "4.90 ms");
        assert_eq!(Unit::Bytes.text(12_288.0), "12.0 KiB");
        assert_eq!(Unit::Bytes.text(181_403_648.0), "173 MiB");
        assert_eq!((Unit::Ratio.bound(0.25), Unit::Bytes.bound(8192.0)), ("0.25".to_owned(), "8 KiB".to_owned()));
    }

    #[test]
    fn each_target_is_harder_than_the_one_before() {
        for figure in all() {
            assert!(figure.targets.len() <= 3 && figure.targets.is_sorted_by(|one, next| one > next), "{}", figure.key);
        }
    }
}
