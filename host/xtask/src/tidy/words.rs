//! Words and lengths.

use super::source::Source;

/// Lines of a file that a person reads.
const LINES_MAX: usize = 500;

/// A pattern, the files it concerns, and what to write instead. Split, so that this file does not name itself.
const BANNED: &[(&str, Where, &str)] = &[
    (concat!("TO", "DO"), Where::Everywhere, "open an issue"),
    (concat!("FIX", "ME"), Where::Everywhere, "mend it"),
    (concat!("/ro", "ot/"), Where::Everywhere, "a path of one machine"),
    (concat!("/wo", "rk/"), Where::Everywhere, "a path of one machine"),
    (concat!("/ho", "me/"), Where::Everywhere, "a path of one machine"),
    (concat!("#[al", "low("), Where::Everywhere, "#[expect(lint, reason = \"...\")]"),
    (concat!("{@", "html"), Where::Everywhere, "text: what others wrote is never markup (S-2.12)"),
    (concat!("function in", "vocation"), Where::Documents, "execution"),
    (concat!("ten", "ants"), Where::Documents, "apps"),
    (concat!("your pro", "ject"), Where::Documents, "your app"),
    (concat!("work", "space id"), Where::Documents, "app id"),
];

enum Where {
    Everywhere,
    /// README and docs/.
    Documents,
}

/// Files that nobody reads to the end. In documents, and in what is generated, one looks things up.
pub(crate) fn file_length(sources: &[Source]) -> Vec<String> {
    let code = sources.iter().filter(|source| !source.path.ends_with(".md") && !source.path.starts_with("docs/reference/"));
    let lengths = code.map(|source| (source, source.text.lines().count()));
    let long = lengths.filter(|(_, lines)| *lines > LINES_MAX);
    long.map(|(source, lines)| format!("{}:1: {lines} lines; {LINES_MAX} is the most: divide it", source.path)).collect()
}

/// One word for one thing, and nothing that should not be committed.
pub(crate) fn banned(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources {
        let is_document = source.path.ends_with(".md");
        for (pattern, place, instead) in BANNED {
            if matches!(place, Where::Documents) && !is_document {
                continue;
            }
            let hits = source.lines().filter(|(_, line)| line.contains(pattern));
            breaches.extend(hits.map(|(number, _)| format!("{}:{number}: `{pattern}`: {instead}", source.path)));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_their_line() {
        let source = Source::new("docs/a.md", concat!("fine\nten", "ants\n"));
        assert_eq!(banned(&[source]), [concat!("docs/a.md:2: `ten", "ants`: apps")]);
        assert_eq!(banned(&[Source::new("a.rs", concat!("// ten", "ants"))]), Vec::<String>::new());
    }

    #[test]
    fn a_file_of_501_lines_is_too_long() {
        assert!(file_length(&[Source::new("a.rs", &"\n".repeat(500))]).is_empty());
        assert_eq!(file_length(&[Source::new("a.rs", &"\n".repeat(501))]).len(), 1);
        assert!(file_length(&[Source::new("docs/reference/a.d.rhai", &"\n".repeat(501))]).is_empty());
    }
}
