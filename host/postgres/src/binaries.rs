//! The installed programs.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::ServerError;

/// The programs of one PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    directory: PathBuf,
    /// `15`, `16`, ...
    major: u32,
}

impl Binaries {
    pub(crate) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }
}

/// The programs of the major version that made the cluster, or the newest when there is no cluster yet.
pub(crate) fn find(search_path: Option<&OsStr>, cluster: Option<(PathBuf, String)>) -> Result<Binaries, ServerError> {
    let mut found: Vec<Binaries> = candidates(search_path).into_iter().filter_map(inspect).collect();
    found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
    if found.is_empty() {
        return Err(ServerError::NotInstalled);
    }
    let Some((directory, needed)) = cluster else {
        return Ok(found.swap_remove(0));
    };
    match found.iter().position(|binaries| binaries.major.to_string() == needed) {
        Some(index) => Ok(found.swap_remove(index)),
        None => {
            let mut majors: Vec<String> = found.iter().map(|binaries| binaries.major.to_string()).collect();
            majors.dedup();
            Err(ServerError::VersionMissing { directory, needed, found: majors })
        }
    }
}

/// Directories that may hold the programs. Debian keeps them out of PATH.
fn candidates(search_path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = search_path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    directories.extend(children("/usr/lib/postgresql").map(|version| version.join("bin")));
    directories.extend(children("/usr").filter(|path| name_starts_with(path, "pgsql-")).map(|version| version.join("bin")));
    directories
}

fn children(directory: &str) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn name_starts_with(path: &Path, prefix: &str) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(prefix))
}

/// The programs in `directory`, if both are there and say which version they are. Links are followed: `initdb` looks for
/// `postgres` beside itself.
fn inspect(directory: PathBuf) -> Option<Binaries> {
    let directory = fs::canonicalize(directory.join("postgres")).ok()?.parent()?.to_owned();
    if !directory.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(directory.join("postgres")).arg("--version").env_clear().output().ok()?;
    let major = major(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries { directory, major })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15; `18beta1` is 18.
fn major(version: &str) -> Option<u32> {
    let number = version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_packages_and_of_betas() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn a_directory_without_the_programs_is_passed_over() {
        assert_eq!(inspect(PathBuf::from("/nonexistent")), None);
        assert_eq!(inspect(PathBuf::from("/etc")), None);
    }
}
