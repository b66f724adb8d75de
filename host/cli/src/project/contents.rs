//! What is in the folders: sources, and the digests of assets.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead as _},
    path::{Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Project, ProjectError};

/// What ends the name of a script's file.
const EXTENSION: &str = "rhai";
/// Folders in folders, at most: a link may lead back.
const DEPTH_MAX: usize = 32;
/// Of an asset, so much is in memory at once.
const BUFFER_BYTES: usize = 1 << 16;
/// The one hidden folder that browsers ask for.
const WELL_KNOWN: &str = ".well-known";

/// What would be deployed.
#[derive(Debug)]
pub struct Contents {
    /// In the order of their kinds and names.
    pub scripts: Vec<Script>,
    /// By the path of the URL.
    pub assets: BTreeMap<String, Asset>,
}

/// A script.
#[derive(Debug)]
pub struct Script {
    /// The path below its folder, without the extension.
    pub name: String,
    /// By the folder that it is in.
    pub kind: ScriptKind,
    /// Rhai.
    pub source: String,
    /// Its file, below the project's folder.
    pub path: PathBuf,
}

/// What a script is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptKind {
    /// Is started.
    Endpoint,
    /// Is imported.
    Module,
}

/// A file that a static route serves.
#[derive(Debug)]
pub struct Asset {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// In bytes.
    pub size: u64,
}

impl Script {
    /// SHA-256 of the source, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        hexadecimal(&Sha256::digest(self.source.as_bytes()))
    }
}

impl Contents {
    pub(super) fn read(project: &Project) -> Result<Self, ProjectError> {
        let file = &project.file;
        let mut scripts = Vec::new();
        for (folder, kind) in [(&file.scripts, ScriptKind::Endpoint), (&file.modules, ScriptKind::Module)] {
            let root = project.root.join(folder);
            if kind == ScriptKind::Module && !root.exists() {
                continue;
            }
            for (name, path) in files(&root)? {
                let Some(name) = name.strip_suffix(EXTENSION).and_then(|name| name.strip_suffix('.')) else { continue };
                let source = fs::read_to_string(&path).map_err(unreadable(&path))?;
                let path = path.strip_prefix(&project.root).unwrap_or(&path).to_owned();
                scripts.push(Script { name: name.to_owned(), kind, source, path });
            }
        }
        let mut assets = BTreeMap::new();
        if let Some(folder) = &file.assets {
            for (name, path) in files(&project.root.join(folder))? {
                assets.insert(format!("/{name}"), Asset::read(path)?);
            }
        }
        Ok(Self { scripts, assets })
    }
}

impl Asset {
    fn read(path: PathBuf) -> Result<Self, ProjectError> {
        let (mut hash, mut size) = (Sha256::new(), 0);
        let mut file = io::BufReader::with_capacity(BUFFER_BYTES, fs::File::open(&path).map_err(unreadable(&path))?);
        loop {
            let piece = file.fill_buf().map_err(unreadable(&path))?;
            if piece.is_empty() {
                return Ok(Self { digest: hexadecimal(&hash.finalize()), size, path });
            }
            hash.update(piece);
            let read = piece.len();
            size += read as u64;
            file.consume(read);
        }
    }
}

/// All files below a folder, in the order of their names, which are paths with `/`. Hidden ones are left out.
fn files(root: &Path) -> Result<BTreeMap<String, PathBuf>, ProjectError> {
    let mut found = BTreeMap::new();
    collect(root, "", DEPTH_MAX, &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, depth: usize, found: &mut BTreeMap<String, PathBuf>) -> Result<(), ProjectError> {
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(unreadable(&path)(io::Error::other("its name is not UTF-8")));
        };
        if name.starts_with('.') && name != WELL_KNOWN {
            continue;
        }
        let name = format!("{prefix}{name}");
        let metadata = fs::metadata(&path).map_err(unreadable(&path))?;
        if metadata.is_file() {
            found.insert(name, path);
        } else if metadata.is_dir() {
            let deeper =
                depth.checked_sub(1).ok_or_else(|| unreadable(&path)(io::Error::other("there are too many folders in folders")))?;
            collect(&path, &format!("{name}/"), deeper, found)?;
        }
    }
    Ok(())
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> ProjectError {
    let path = path.to_owned();
    move |error| ProjectError::Unreadable { path, error }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), text).unwrap();
    }

    #[test]
    fn a_folder_is_what_is_deployed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let toml = "app = 'shop'\nassets = 'public'\n\n[[routes]]\npath = '/'\nscript = 'a/b'\n\n[[routes]]\npath = '/x'\nscript = 'c'\n";
        write(root, "picloud.toml", toml);
        for name in ["scripts/a/b.rhai", "scripts/c.rhai", "scripts/.d.rhai", "scripts/notes.txt", "modules/money.rhai"] {
            write(root, name, "1");
        }
        for name in ["public/index.html", "public/.git/config", "public/.well-known/security.txt"] {
            write(root, name, "abc");
        }
        let project = Project::find(&root.join("scripts/a")).unwrap();
        assert_eq!(project.root, root);
        let contents = project.contents().unwrap();
        let scripts: Vec<_> = contents.scripts.iter().map(|script| (script.name.as_str(), script.kind)).collect();
        assert_eq!(scripts, [("a/b", ScriptKind::Endpoint), ("c", ScriptKind::Endpoint), ("money", ScriptKind::Module)]);
        assert_eq!(contents.assets.keys().collect::<Vec<_>>(), ["/.well-known/security.txt", "/index.html"]);
        let index = &contents.assets["/index.html"];
        assert_eq!((index.size, index.digest.as_str()), (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assert_eq!(
            (project.line_of("/routes/1/script"), project.line_of("/routes/2"), project.line_of("/scripts/0")),
            (Some(8), None, None)
        );
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Project::read(folder.path()), Err(ProjectError::Unreadable { .. })));
        write(folder.path(), "picloud.toml", "app = 'shop'\nurll = 'x'\n");
        let Err(ProjectError::Wrong { line, column, source_line, message, .. }) = Project::find(folder.path()) else { unreachable!() };
        assert_eq!((line, column, source_line.as_deref()), (2, 1, Some("urll = 'x'")));
        assert!(message.contains("urll"), "{message}");
    }
}
