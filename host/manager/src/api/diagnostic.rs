//! A place in a source, shown: the line, and a caret under the column.

use execution::{CompileError, CompileErrorKind, Modules, Source, limits::SOURCE_BYTES_MAX};

use super::problem::{FieldError, Problem, ProblemType};
use crate::State;

/// Longest piece of a line that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 160;

/// PostgreSQL takes every character in a text but this one.
pub(super) const NUL_IN_SOURCE: &str = "A source can't hold the character NUL; write \\0 in a string.";

/// A line of a source and the text that points into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) source_line: String,
    pub(super) caret: String,
}

/// The line `line` (1-based) of `source` with a caret under `column` (1-based, in characters). `None` if there is no such
/// line. Of a long line, the part around the column.
pub(super) fn excerpt(source: &str, line: u32, column: u32) -> Option<Excerpt> {
    let text = source.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let at = usize::try_from(column).ok()?.saturating_sub(1).min(text.chars().count());
    let skipped = if text.chars().count() > SHOWN_CHARS_MAX { at.saturating_sub(SHOWN_CHARS_MAX / 2) } else { 0 };
    let source_line: String = text.chars().skip(skipped).take(SHOWN_CHARS_MAX).collect();
    // Tabs stay tabs, so that the caret stands under its character whatever their width.
    let mut caret: String = source_line.chars().take(at - skipped).map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
    caret.push('^');
    Some(Excerpt { source_line, caret })
}

/// What a parser said about a source, in the form of the API. `pointer` names the field that held the source.
pub(super) fn of_compile_error(error: &CompileError, source: &str, pointer: &str) -> FieldError {
    let excerpt = excerpt(source, error.line, error.column);
    let known = |number: u32| (number > 0).then_some(number);
    FieldError {
        pointer: Some(pointer.to_owned()),
        message: error.message.clone(),
        line: known(error.line),
        column: known(error.column),
        source_line: excerpt.as_ref().map(|excerpt| excerpt.source_line.clone()),
        caret: excerpt.filter(|_| error.column > 0).map(|excerpt| excerpt.caret),
    }
}

/// Parses a source, with those of `modules` that it imports, in a sandbox; the names of these. `Ok(Err(_))`: it can't be deployed.
///
/// # Errors
/// 503: the sandbox itself failed.
pub(super) async fn parse(state: &State, source: &Source, modules: &Modules) -> Result<Result<Vec<String>, CompileError>, Problem> {
    if source.text.len() as u64 > SOURCE_BYTES_MAX {
        let message = format!("The source has {} bytes; a script has at most {SOURCE_BYTES_MAX}.", source.text.len());
        return Ok(Err(CompileError { kind: CompileErrorKind::TooLarge, message, script: source.name.clone(), line: 0, column: 0 }));
    }
    match state.executor.compile(source, modules).await {
        Ok(compiled) => Ok(Ok(compiled.uses)),
        Err(error) => match error.kind {
            CompileErrorKind::Syntax | CompileErrorKind::TooLarge | CompileErrorKind::Import => Ok(Err(error)),
            CompileErrorKind::Unavailable => Err(Problem::unavailable("The sandbox can't parse the script right now. Try again.", error)),
        },
    }
}

/// Refuses a source that can't be deployed: nothing is stored then.
///
/// # Errors
/// 422 with the place, or 503.
pub(super) async fn demand_parses(state: &State, source: &Source, modules: &Modules) -> Result<(), Problem> {
    if source.text.contains('\0') {
        return Err(Problem::invalid("/source", NUL_IN_SOURCE));
    }
    let Err(error) = parse(state, source, modules).await? else { return Ok(()) };
    let place = if error.line > 0 { format!("{}, line {}, column {}: ", error.script, error.line, error.column) } else { String::new() };
    let shown = of_compile_error(&error, text_of(&error.script, source, modules), "/source");
    Err(Problem::new(problem_type(error.kind), format!("{place}{}", error.message)).with_error(shown))
}

/// The type of the problem that a compile error is.
pub(super) fn problem_type(kind: CompileErrorKind) -> ProblemType {
    match kind {
        CompileErrorKind::TooLarge => ProblemType::ScriptTooLarge,
        CompileErrorKind::Import => ProblemType::ScriptImport,
        CompileErrorKind::Syntax | CompileErrorKind::Unavailable => ProblemType::ScriptInvalid,
    }
}

/// The text that a place is in: the source's own, or that of a module.
pub(super) fn text_of<'a>(script: &str, source: &'a Source, modules: &'a Modules) -> &'a str {
    if script == source.name { &source.text } else { modules.get(script).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn caret_stands_under_the_column() {
        let found = excerpt("let a = 1;\n\tlet é = ;\n", 2, 10).unwrap();
        assert_eq!((found.source_line.as_str(), found.caret.as_str()), ("\tlet é = ;", "\t        ^"));
    }

    #[test]
    fn odd_places_do_no_harm() {
        assert_eq!(excerpt("a", 0, 1), None);
        assert_eq!(excerpt("a", 2, 1), None);
        assert_eq!(excerpt("", 1, 1), None);
        assert_eq!(excerpt("ab", 1, 99).unwrap().caret, "  ^");
        assert_eq!(excerpt("ab", 1, 0).unwrap().caret, "^");
        let long = excerpt(&"x".repeat(100_000), 1, 50_000).unwrap();
        assert_eq!(long.source_line.chars().count(), SHOWN_CHARS_MAX);
        assert_eq!(long.caret.chars().count(), SHOWN_CHARS_MAX / 2 + 1);
    }
}
