//! A project: a folder with a `picloud.toml`, its scripts and its assets. What is in it is what a deployment will be.

mod contents;
mod file;

pub use contents::{Asset, Contents, Script, ScriptKind};
pub use file::{File, Route, Settings, Trigger};

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The name of the file, in the folder itself.
pub const FILE_NAME: &str = "picloud.toml";

/// A folder and what its file says.
#[derive(Debug)]
pub struct Project {
    /// The folder.
    pub root: PathBuf,
    /// The text of the file.
    pub text: String,
    /// What it says.
    pub file: File,
}

/// Why there is no project.
#[derive(Debug)]
pub enum ProjectError {
    /// Neither the folder nor one above it has the file.
    None { from: PathBuf },
    /// Something could not be read.
    Unreadable { path: PathBuf, error: std::io::Error },
    /// A file that says what makes no sense. The place is 1-based; 0 if unknown.
    Wrong { path: PathBuf, line: u64, column: u64, source_line: Option<String>, message: String },
}

impl Project {
    /// The nearest one: in `directory` or above it.
    ///
    /// # Errors
    /// There is none, or its file is wrong.
    pub fn find(directory: &Path) -> Result<Self, ProjectError> {
        let root = directory.ancestors().find(|folder| folder.join(FILE_NAME).is_file());
        Self::read(root.ok_or_else(|| ProjectError::None { from: directory.to_owned() })?)
    }

    /// The one in this very folder.
    ///
    /// # Errors
    /// As [`Project::find`].
    pub fn read(root: &Path) -> Result<Self, ProjectError> {
        let path = root.join(FILE_NAME);
        let text = fs::read_to_string(&path).map_err(|error| ProjectError::Unreadable { path: path.clone(), error })?;
        let file = File::parse(&text).map_err(|(at, message)| {
            let (line, column) = at.map_or((0, 0), |at| place(&text, at));
            let source_line = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?)).map(str::to_owned);
            ProjectError::Wrong { path, line, column, source_line, message }
        })?;
        Ok(Self { root: root.to_owned(), text, file })
    }

    /// Reads the scripts and looks at the assets.
    ///
    /// # Errors
    /// A folder that it names is not there, or something in it can't be read or deployed.
    pub fn contents(&self) -> Result<Contents, ProjectError> {
        Contents::read(self)
    }

    /// The line of its file where the item begins that a JSON pointer into a manifest names: `/routes/2/path`. `None`: it is not in this file.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> Option<u64> {
        let mut parts = pointer.strip_prefix('/')?.split('/');
        let (list, at) = (parts.next()?, parts.next()?.parse::<usize>().ok()?);
        let start = match list {
            "routes" => self.file.routes.get(at)?.span().start,
            "schedules" => self.file.schedules.get(at)?.span().start,
            "triggers" => self.file.triggers.get(at)?.span().start,
            _ => return None,
        };
        Some(place(&self.text, start).0)
    }
}

/// Line and column of a byte, from 1.
fn place(text: &str, at: usize) -> (u64, u64) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() as u64 + 1, before[line_start..].chars().count() as u64 + 1)
}

impl std::fmt::Display for ProjectError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None { from } => write!(formatter, "there is no {FILE_NAME} in {} or above it", from.display()),
            Self::Unreadable { path, error } => write!(formatter, "could not read {}: {error}", path.display()),
            Self::Wrong { path, message, .. } => write!(formatter, "{}: {message}", path.display()),
        }
    }
}

impl std::error::Error for ProjectError {}
