//! What is called an invariant has a test with its number.

use std::collections::BTreeSet;

use super::source::Source;

const TAG: &str = concat!("INVA", "RIANT: ");

/// `Gn` in the tag needs a function whose name begins with `gn_`.
pub(crate) fn tested(sources: &[Source]) -> Vec<String> {
    let rust = || sources.iter().filter(|source| source.is_rust());
    let tests: BTreeSet<String> = rust().flat_map(|source| source.lines()).filter_map(|(_, line)| test_number(line)).collect();
    let mut breaches = Vec::new();
    for source in rust() {
        for (number, line) in source.lines() {
            let Some(name) = line.split_once(TAG).and_then(|(_, rest)| rest.split(|c: char| !c.is_alphanumeric()).next()) else { continue };
            if name.starts_with('G') && !tests.contains(&name.to_lowercase()) {
                breaches.push(format!("{}:{number}: {name} has no test `{}_...`", source.path, name.to_lowercase()));
            }
        }
    }
    breaches
}

/// `g7` of `fn g7_no_guest_sees_another()`.
fn test_number(line: &str) -> Option<String> {
    let name = line.trim_start().trim_start_matches("async ").strip_prefix("fn ")?;
    let number = name.split('_').next()?;
    let digits = number.strip_prefix('g')?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invariant_without_a_test_is_reported() {
        let code = format!("// {TAG}G1 holds.\n// {TAG}G2 too.\nfn g1_holds() {{}}\n");
        let found = tested(&[Source::new("a.rs", &code)]);
        assert_eq!(found, ["a.rs:2: G2 has no test `g2_...`"]);
    }
}
