//! The files that the rules read.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// One text file of the project.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the workspace, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Folders that are made, not written.
const MADE: &[&str] = &["target", "node_modules", "build", "snapshots"];
/// Kinds of files that people write here.
const WRITTEN: &[&str] = &["rs", "toml", "sql", "wit", "rhai", "md", "ts", "svelte", "css", "html", "sh"];

impl Source {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// The folder under `host/`, for a file in there.
    pub(crate) fn krate(&self) -> Option<&str> {
        self.path.strip_prefix("host/")?.split('/').next()
    }

    /// Lines with their numbers from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// All written files of the workspace, in the order of their paths.
pub(crate) fn all(workspace: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    collect(workspace, workspace, &mut sources)?;
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(sources)
}

fn collect(workspace: &Path, folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        // A link may lead out of the workspace.
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !MADE.contains(&name.as_str()) {
                collect(workspace, &path, sources)?;
            }
        } else if path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| WRITTEN.contains(&extension)) {
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            sources.push(Source { path: path.strip_prefix(workspace)?.to_string_lossy().into_owned(), text });
        }
    }
    Ok(())
}
