//! The length of functions.

use super::source::Source;

/// Lines from `fn` to the closing brace.
const LINES_MAX: usize = 70;

/// Functions that no screen shows whole.
pub(crate) fn length(sources: &[Source]) -> Vec<String> {
    sources.iter().filter(|source| source.is_rust()).flat_map(breaches).collect()
}

fn breaches(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let too_long = |start: usize| {
        let length = body_end(&lines, start)? - start + 1;
        let path = &source.path;
        (length > LINES_MAX).then(|| format!("{path}:{}: a function of {length} lines; {LINES_MAX} is the most: name its parts", start + 1))
    };
    (0..lines.len()).filter(|index| is_function(lines[*index])).filter_map(too_long).collect()
}

fn is_function(line: &str) -> bool {
    const BEFORE: &[&str] = &["pub", "pub(crate)", "pub(super)", "async", "const", "unsafe", "extern", "\"C\""];
    let mut words = line.split_whitespace().skip_while(|word| BEFORE.contains(word));
    words.next() == Some("fn")
}

/// The index of the closing brace: the formatter puts it below the first letter of the function. `None`: no body.
fn body_end(lines: &[&str], start: usize) -> Option<usize> {
    let indent = lines[start].len() - lines[start].trim_start().len();
    let closing = format!("{}}}", &lines[start][..indent]);
    if lines[start].ends_with('}') || lines[start].ends_with(';') {
        return None;
    }
    let after = lines.iter().enumerate().skip(start + 1);
    after.map(|(index, line)| (index, *line)).find(|(_, line)| *line == closing).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_function_is_reported() {
        let body = "        let a = 1;\n".repeat(LINES_MAX - 1);
        let long =
            format!("impl A {{\n    pub(crate) async fn long(\n        self,\n    ) {{\n{body}    }}\n\n    fn short() {{\n    }}\n}}\n");
        let found = length(&[Source::new("a.rs", &long)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("a.rs:2: a function of 73 lines"));
    }
}
