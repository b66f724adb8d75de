//! The page: `docs/reference/script.md`.

use super::source::{Entry, Part};

const HEAD: &str = "\
# The script API

Everything a script can use beside [the language itself](https://rhai.rs/book/language/). This page is made of `guest/api`, and each example on it runs as a test:
what it gives is the body of its answer. Editors with Rhai's language server read the same from [picloud.d.rhai](picloud.d.rhai).

Types: `string`, `int` (64 bits, with a sign), `float` (64 bits), `bool`, `blob` (bytes), `array`, `map`, and `any` of them. A function without a type behind `->` gives `()`.
What a function throws can be caught: `try { ... } catch (problem) { ... }`, where `problem.error` is its name and `problem.message` a sentence. The numbers that a script can hit are in [limits.md](limits.md).
";

pub(super) fn write(parts: &[Part]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n| | |\n| --- | --- |\n");
    for part in parts {
        let links: Vec<_> = part.entries.iter().map(|entry| format!("[{}](#{})", name_in_list(entry), anchor(&entry.title()))).collect();
        page.push_str(&format!("| [{0}](#{0}) | {1} |\n", part.name, links.join(" · ")));
    }
    for part in parts {
        page.push_str(&format!("\n## {}\n\n{}\n", part.name, part.about.trim()));
        for entry in &part.entries {
            write_entry(&mut page, part, entry);
        }
    }
    page
}

fn name_in_list(entry: &Entry) -> String {
    match entry.signatures().first() {
        Some(signature) => format!("`{}`", signature.name()),
        None => entry.title(),
    }
}

/// As Markdown renderers make it of a heading.
fn anchor(title: &str) -> String {
    let kept = title.to_lowercase().replace(' ', "-");
    kept.chars().filter(|character| character.is_alphanumeric() || matches!(character, '-' | '_')).collect()
}

fn write_entry(page: &mut String, part: &Part, entry: &Entry) {
    page.push_str(&format!("\n### {}\n", entry.title()));
    if !entry.signatures.is_empty() {
        page.push_str(&block("rhai", &entry.signatures.join("\n")));
    }
    page.push_str(&format!("\n{}\n", entry.about.trim()));
    if !entry.fields.is_empty() {
        page.push_str("\n| field | type | |\n| --- | --- | --- |\n");
        for [name, kind, meaning] in &entry.fields {
            page.push_str(&format!("| `{name}` | {kind} | {meaning} |\n"));
        }
    }
    let parameters = entry.explained_parameters().into_iter().map(|(name, text)| format!("- `{name}`: {text}.\n"));
    let throws = part.throws(entry).into_iter().map(|(error, reason)| format!("- throws `{error}`: {reason}.\n"));
    let notes: String = parameters.chain(throws).collect();
    if !notes.is_empty() {
        page.push_str(&format!("\n{notes}"));
    }
    write_example(page, entry);
}

fn write_example(page: &mut String, entry: &Entry) {
    if let Some(request) = &entry.request {
        let route = entry.route.as_ref().map(|route| format!(" of the route `{route}`")).unwrap_or_default();
        page.push_str(&format!("\nFor this request{route}\n{}", block("http", request.trim())));
    }
    for (name, source) in &entry.modules {
        page.push_str(&format!("\nWith a module `{name}`\n{}", block("rhai", source.trim())));
    }
    for (url, answer) in &entry.servers {
        page.push_str(&format!("\nWhere `{url}` answers\n{}", block("http", answer.trim())));
    }
    for (name, value) in &entry.secrets {
        page.push_str(&format!("\nWith a secret `{name}`, which is `{value}`\n"));
    }
    page.push_str(&block("rhai", entry.example()));
    let given = given(entry);
    match given.lines().count() {
        0 => {}
        1 => page.push_str(&format!("\ngives `{given}`\n")),
        _ => page.push_str(&format!("\ngives\n{}", block("text", &given))),
    }
    if !entry.logs.is_empty() {
        page.push_str(&format!("\nlogs\n{}", block("text", &entry.logs.join("\n"))));
    }
}

/// The answer: its body, or all of it where there is more to see.
fn given(entry: &Entry) -> String {
    if entry.status.is_none() && entry.headers.is_none() {
        return entry.gives.trim().to_owned();
    }
    let headers: String = entry.headers.iter().flatten().map(|header| format!("{header}\n")).collect();
    format!("{}\n{headers}\n{}", entry.status.unwrap_or(200), entry.gives.trim())
}

fn block(language: &str, text: &str) -> String {
    format!("\n```{language}\n{text}\n```\n")
}
