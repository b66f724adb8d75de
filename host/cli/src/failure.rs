//! What goes wrong, for people and for scripts: what, where, why and what to do next, and a status of the program that tells the kinds apart.

use std::{fmt, io, path::Path};

use crate::{
    project::{FILE_NAME, ProjectError},
    terminal::{Terminal, harmless},
};

/// The status that the program ends with; part of its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Anything else.
    Failed = 1,
    /// The command, the project file or a setting makes no sense.
    Usage = 2,
    /// Nobody is logged in, or he may not.
    Auth = 3,
    /// There is no such thing.
    NotFound = 4,
    /// Something else is in the way, or was changed in the meantime.
    Conflict = 5,
}

/// A place in a source or in the project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// A file, or the name of a script.
    pub(crate) file: String,
    /// 1-based; 0 if unknown.
    pub(crate) line: u64,
    /// 1-based, in characters; 0 if unknown.
    pub(crate) column: u64,
    /// What is wrong there.
    pub(crate) message: String,
    pub(crate) source_line: Option<String>,
    /// Text that, under the line, points at the column.
    pub(crate) caret: Option<String>,
}

/// Why a command ends without having done its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What did not work, and why: a sentence or two.
    pub(crate) what: String,
    pub(crate) places: Vec<Place>,
    /// What to do next; empty: it follows from the rest.
    pub(crate) next: String,
}

/// What commands return.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), places: Vec::new(), next: String::new() }
    }

    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::new(Exit::Failed, what)
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// Standard output. Whoever read it may have had enough: then there is nothing to say.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::failed(String::new()),
            _ => Self::failed(format!("could not write to standard output: {error}")),
        }
    }

    /// Something about a file.
    pub(crate) fn file(verb: &str, path: &Path, error: &io::Error) -> Self {
        Self::failed(format!("could not {verb} {}: {error}", path.display()))
    }

    /// Says what to do.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// On standard error.
    pub(crate) fn tell(&self, terminal: &Terminal) {
        if self.what.is_empty() {
            return;
        }
        // Much of it comes from scripts and servers.
        let mut what = self.what.lines().map(harmless);
        terminal.tell(&format!("{} {}", terminal.red("error:"), what.next().unwrap_or_default()));
        what.for_each(|line| terminal.tell(&format!("  {line}")));
        for line in self.places.iter().map(ToString::to_string).flat_map(|place| place.lines().map(harmless).collect::<Vec<_>>()) {
            terminal.tell(&format!("  {line}"));
        }
        if !self.next.is_empty() {
            terminal.tell(&format!("  {} {}", terminal.bold("next:"), harmless(&self.next)));
        }
    }
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        let failure = Self::usage(error.to_string());
        match error {
            ProjectError::None { .. } => failure.next("picloud init makes one; or name the app with --app"),
            ProjectError::Unreadable { .. } => failure,
            ProjectError::Wrong { path, line, column, source_line, message } => {
                let caret = (column > 0).then(|| format!("{}^", " ".repeat(usize::try_from(column - 1).unwrap_or(0))));
                let place = Place { file: path.display().to_string(), line, column, message, source_line, caret };
                Self::usage(format!("the project's {FILE_NAME} is wrong")).at(place)
            }
        }
    }
}

impl fmt::Display for Place {
    /// `file:line:column: message`, which editors understand, and below it the line with its caret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().take_while(|number| *number > 0) {
            write!(formatter, ":{number}")?;
        }
        write!(formatter, ": {}", self.message)?;
        let Some(source_line) = &self.source_line else { return Ok(()) };
        let (number, margin) = (self.line.to_string(), " ".repeat(self.line.to_string().len()));
        write!(formatter, "\n  {number} | {source_line}")?;
        self.caret.as_ref().map_or(Ok(()), |caret| write!(formatter, "\n  {margin} | {caret}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_its_line_and_caret() {
        let place = Place {
            file: "scripts/a.rhai".into(),
            line: 12,
            column: 5,
            message: "unexpected `;`".into(),
            source_line: Some("let ;".into()),
            caret: Some("    ^".into()),
        };
        assert_eq!(place.to_string(), "scripts/a.rhai:12:5: unexpected `;`\n  12 | let ;\n     |     ^");
        let nowhere = Place { line: 0, column: 0, source_line: None, caret: None, ..place };
        assert_eq!(nowhere.to_string(), "scripts/a.rhai: unexpected `;`");
    }
}
