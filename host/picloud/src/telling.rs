//! What a person in front of the terminal reads. What machines read is logged with `tracing`.

use std::io::{IsTerminal as _, Write as _};

/// A line on standard error. One that can't be written is lost: nobody reads it.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// An error and what led to it, in one line each.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n  because: ")
}

/// Starts logging, to standard error. `filter` is a level or a list of `module=level`.
///
/// # Errors
/// The filter makes no sense, or logging was started before.
pub(crate) fn start_logging(filter: &str) -> anyhow::Result<()> {
    use anyhow::Context as _;
    use tracing_subscriber::EnvFilter;
    let parsed = EnvFilter::builder().parse(filter).with_context(|| {
        format!("`log` is `{filter}`; it must be a level (error, warn, info, debug, trace) or a list like info,store=debug")
    })?;
    let format = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    format.with_ansi(std::io::stderr().is_terminal()).try_init().map_err(|error| anyhow::anyhow!(error)).context("could not start logging")
}
