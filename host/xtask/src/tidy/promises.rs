//! What `docs/SPECIFICATION.md` and `docs/threat-model.md` promise is held by tests that exist, and no test of a requirement is missing there.

use std::collections::BTreeSet;

use super::source::Source;

const PAGES: [&str; 2] = ["docs/SPECIFICATION.md", "docs/threat-model.md"];
/// The page that has every number.
const THREATS: &str = "docs/threat-model.md";

/// Each name in backticks that is that of a test (`s_4_1_...`, `g5_...`, or a path that ends in one: `outage::s_9_3_...`) is a function; each number of a test
/// (`s_4_1_...`) is on the page of threats as `S-4.1`.
pub(crate) fn tested(sources: &[Source]) -> Vec<String> {
    let functions: BTreeSet<&str> =
        sources.iter().filter(|source| source.is_rust()).flat_map(|source| source.lines()).filter_map(|(_, line)| function(line)).collect();
    let mut breaches = Vec::new();
    for page in sources.iter().filter(|source| PAGES.contains(&source.path.as_str())) {
        for (number, line) in page.lines() {
            let named = line.split('`').skip(1).step_by(2).filter_map(test_of);
            let missing = named.filter(|name| !functions.contains(name));
            breaches.extend(missing.map(|name| format!("{}:{number}: there is no test `{name}`", page.path)));
        }
    }
    let Some(threats) = sources.iter().find(|source| source.path == THREATS) else { return breaches };
    let listed: BTreeSet<String> = threats
        .lines()
        .flat_map(|(_, line)| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')))
        .map(|word| word.trim_end_matches('.').to_owned())
        .collect();
    let numbers: BTreeSet<String> = functions.iter().filter_map(|name| number_of(name)).collect();
    breaches.extend(numbers.difference(&listed).map(|number| format!("{THREATS}:1: tests of {number} exist, and it has no line")));
    breaches
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.trim_start_matches("pub(crate) ").trim_start_matches("async ").strip_prefix("fn ")?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The test that a piece of code names, if it names one.
fn test_of(code: &str) -> Option<&str> {
    let name = code.rsplit("::").next()?;
    let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let is_numbered = number_of(name).is_some() || name.strip_prefix('g').is_some_and(|rest| rest.split('_').next().is_some_and(is_digits));
    (is_word && (is_numbered || code.contains("::"))).then_some(name)
}

/// `S-4.1` of `s_4_1_silent_clients`, `S-5` of `s_5_no_spelling`.
fn number_of(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix("s_")?.split('_');
    let (chapter, next) = (parts.next().filter(|part| is_digits(part))?, parts.next()?);
    Some(if is_digits(next) { format!("S-{chapter}.{next}") } else { format!("S-{chapter}") })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_without_a_test_and_a_test_without_a_threat_are_reported() {
        let code = "fn s_4_1_slow_clients() {}\n    async fn s_2_14_endless() {}\nfn g5_nothing_is_left() {}\nfn s_5_no_spelling() {}\nfn spells() {}\n";
        let page = "| S-4.1 | `s_4_1_slow_clients`, `s_4_1_gone`, `outage::nothing`, `g5_nothing_is_left`, `body_rate` |\n| S-2.1, S-5 |\n";
        let found = tested(&[Source::new("a.rs", code), Source::new("docs/threat-model.md", page)]);
        assert_eq!(
            found,
            [
                "docs/threat-model.md:1: there is no test `s_4_1_gone`",
                "docs/threat-model.md:1: there is no test `nothing`",
                "docs/threat-model.md:1: tests of S-2.14 exist, and it has no line",
            ]
        );
    }
}
