//! Files of lines `NAME=value`, as they are kept beside projects (`.env`).
//!
//! `#` begins a comment, at the start of a line or after a blank; `export` before a name is skipped. A value without quotes goes to the end of its
//! line, without the blanks around it. Between single quotes all is as it stands, line ends too; between double quotes `\n`, `\r`, `\t`, `\"`, `\\` and
//! `\$` stand for what they mean elsewhere. Nothing is put in for `$NAME`.

/// A name and its value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it stands, 1-based.
    pub(crate) line: u64,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A line that is not understood, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: u64,
    pub(crate) why: String,
}

/// Takes a file apart. All that is wrong is named, and no value in it.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, Vec<Wrong>> {
    // Editors on Windows put a mark in front.
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut line, mut entries, mut wrong) = (1, Vec::new(), Vec::new());
    while !rest.is_empty() {
        let (entry, taken) = one(rest, line);
        match entry {
            Ok(entry) => entries.extend(entry),
            Err(why) => wrong.push(Wrong { line, why: why.to_owned() }),
        }
        line += rest[..taken].bytes().map(|byte| u64::from(byte == b'\n')).sum::<u64>();
        rest = &rest[taken..];
    }
    if wrong.is_empty() { Ok(entries) } else { Err(wrong) }
}

/// What stands first, and how many bytes it takes with the end of its line. Of what is wrong, only the first line is skipped.
fn one(text: &str, line: u64) -> (Result<Option<Entry>, &'static str>, usize) {
    let end = end_of_line(text);
    let trimmed = text[..end].trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return (Ok(None), end);
    }
    let Some(at) = text[..end].find('=') else { return (Err("there is no `=` in it"), end) };
    let name = text[..at].trim();
    let name = name.strip_prefix("export").filter(|name| name.starts_with([' ', '\t'])).map_or(name, str::trim);
    let entry = |value: String| Ok(Some(Entry { line, name: name.to_owned(), value }));
    let after = &text[at + 1..end];
    let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
    let begin = at + 1 + blanks;
    let Some(quote) = text[begin..end].chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        return (entry(bare(after).to_owned()), end);
    };
    match quoted(&text[begin + 1..], quote) {
        Ok((value, length)) => {
            let behind = begin + 1 + length;
            let end = behind + end_of_line(&text[behind..]);
            match text[behind..end].trim() {
                "" => (entry(value), end),
                comment if comment.starts_with('#') => (entry(value), end),
                _ => (Err("there is more behind the quote that ends its value"), end),
            }
        }
        Err(why) => (Err(why), end),
    }
}

/// Behind the next line feed, or the end.
fn end_of_line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

/// A value without quotes: up to a `#` with a blank before it.
fn bare(text: &str) -> &str {
    let is_comment = |at: usize| text[..at].is_empty() || text[..at].ends_with([' ', '\t']);
    let end = text.match_indices('#').map(|(at, _)| at).find(|at| is_comment(*at)).unwrap_or(text.len());
    text[..end].trim()
}

/// A value up to its quote, and how many bytes that takes with the quote.
fn quoted(text: &str, quote: char) -> Result<(String, usize), &'static str> {
    let (mut value, mut characters) = (String::new(), text.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => return Ok((value, at + 1)),
            '\\' if quote == '"' => value.push(match characters.next().map(|(_, escaped)| escaped) {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(itself @ ('"' | '\\' | '$')) => itself,
                _ => return Err("after a `\\` between double quotes comes one of n, r, t, \", \\ and $; double it, or take single quotes"),
            }),
            _ => value.push(character),
        }
    }
    Err("the quote that its value begins with does not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values with their lines, or the lines that are wrong.
    fn parsed(text: &str) -> Result<Vec<(u64, String, String)>, Vec<u64>> {
        let entries = parse(text).map_err(|wrong| wrong.into_iter().map(|wrong| wrong.line).collect::<Vec<_>>())?;
        Ok(entries.into_iter().map(|entry| (entry.line, entry.name, entry.value)).collect())
    }

    fn value(text: &str) -> Result<String, Vec<u64>> {
        parsed(text).map(|entries| entries.into_iter().map(|(_, _, value)| value).collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn lines_are_taken_apart() {
        let text = "\u{feff}# all of them\r\n\r\nA=1\r\nexport B = two words # and a comment\n  C='it''s'\n";
        assert_eq!(parsed(text), Err(vec![5]));
        let text = "# all\r\n\r\nA=1\r\nexport B = two words # not this\nKEY=\"-----BEGIN\nx\n-----END\"  # a key\nD=";
        let entry = |line, name: &str, value: &str| (line, name.to_owned(), value.to_owned());
        let entries = [entry(3, "A", "1"), entry(4, "B", "two words"), entry(5, "KEY", "-----BEGIN\nx\n-----END"), entry(8, "D", "")];
        assert_eq!(parsed(text), Ok(entries.to_vec()));
        assert_eq!(parsed("exporter=1"), Ok(vec![entry(1, "exporter", "1")]));
        assert_eq!(parsed(""), Ok(vec![]));
    }

    #[test]
    fn quotes_say_what_a_value_is() {
        for (text, expected) in [
            ("A=a#b", "a#b"),
            ("A= #b", ""),
            ("A=#b", ""),
            ("A='#b\\n $C'", "#b\\n $C"),
            ("A=\"#b\\n\\\"\\$C\\\\\"", "#b\n\"$C\\"),
            ("A=a=b==", "a=b=="),
            ("A=' a '", " a "),
            ("A=it's", "it's"),
        ] {
            assert_eq!(value(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, line) in [("A=1\nB", 2), ("A='", 1), ("A=\"\\x\"", 1), ("A='1' 2", 1), ("\n\nA=\"", 3)] {
            assert_eq!(value(text), Err(vec![line]), "{text}");
        }
        assert_eq!(value("A\nB=1\nC"), Err(vec![1, 3]), "each of them");
    }
}
