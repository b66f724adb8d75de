//! What determines something that is built, as a digest: so that it is built once per state of its inputs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// SHA-256, in hexadecimal, of a text and of the names and bytes of all files at or below these paths of the workspace.
pub(crate) fn digest(workspace: &Path, text: &str, inputs: &[&str]) -> Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(text);
    for input in inputs {
        for file in files_below(&workspace.join(input))? {
            hasher.update(file.strip_prefix(workspace)?.to_string_lossy().as_bytes());
            hasher.update(fs::read(&file).with_context(|| format!("reading {}", file.display()))?);
        }
    }
    Ok(hex(&hasher.finalize()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All files below a path, or the path itself if it is a file, in the order of their names.
fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = fs::read_dir(path)
        .with_context(|| format!("reading {}", path.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    entries.sort();
    entries.iter().map(|entry| files_below(entry)).collect::<Result<Vec<_>>>().map(|lists| lists.concat())
}
