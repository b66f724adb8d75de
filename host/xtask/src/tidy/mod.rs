//! `cargo xtask tidy`: the rules of this code that no compiler knows. Also a test, so that nobody forgets them.
//!
//! A rule takes the files and returns what is wrong, as `path:line: what and what instead`.

mod functions;
mod invariants;
mod migrations;
mod promises;
mod source;
mod walls;
mod words;

use std::path::Path;

use anyhow::{Result, bail};
use source::Source;

type Rule = fn(&[Source]) -> Vec<String>;

/// Every rule, by its name.
const RULES: &[(&str, Rule)] = &[
    ("files are short", words::file_length),
    ("functions are short", functions::length),
    ("words", words::banned),
    ("walls between crates", walls::dependencies),
    ("walls inside of files", walls::paths),
    ("invariants have tests", invariants::tested),
    ("promises have tests", promises::tested),
    ("migrations only add", migrations::additive),
];

/// Checks all rules.
///
/// # Errors
/// All breaches, one per line.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    let sources = source::all(workspace)?;
    let breaches: Vec<String> =
        RULES.iter().flat_map(|(name, rule)| rule(&sources).into_iter().map(move |breach| format!("{breach} ({name})"))).collect();
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("tidy: {} breaches\n{}", breaches.len(), breaches.join("\n"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    #[test]
    fn the_workspace_is_tidy() {
        super::run(&crate::workspace().unwrap()).unwrap();
    }
}
