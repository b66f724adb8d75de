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

/// The oldest program of this name that is not older than the server.
pub(crate) fn program(name: &str, search_path: Option<&OsStr>, major: u32) -> Result<PathBuf, ServerError> {
    let mut directories = candidates(search_path);
    directories.extend(["/usr/bin", "/usr/local/bin"].map(PathBuf::from));
    let found = directories.into_iter().filter_map(|directory| {
        let path = fs::canonicalize(directory.join(name)).ok()?;
        // Debian's wrapper in PATH chooses by rules of its own, and has another name.
        (path.file_name()? == name).then_some(())?;
        Some((version_of(&path)?, path))
    });
    let fitting = found.filter(|(found, _)| *found >= major).min_by_key(|(found, _)| *found);
    fitting.map(|(_, path)| path).ok_or_else(|| ServerError::ProgramMissing { name: name.to_owned(), needed: major })
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
    let major = version_of(&directory.join("postgres"))?;
    Some(Binaries { directory, major })
}

fn version_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").env_clear().output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
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
        assert_eq!(major("pg_dump (PostgreSQL) 16.4"), Some(16));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn client_programs_are_found_by_the_version_of_the_server() {
        let found = program("pg_dump", None, 15);
        assert!(found.is_ok_and(|path| path.ends_with("pg_dump") && version_of(&path) >= Some(15)));
        assert!(matches!(program("pg_dump", None, 1_000), Err(ServerError::ProgramMissing { needed: 1_000, .. })));
        assert!(matches!(program("no-such-program", None, 15), Err(ServerError::ProgramMissing { .. })));
    }

    #[test]
    fn a_directory_without_the_programs_is_passed_over() {
        assert_eq!(inspect(PathBuf::from("/nonexistent")), None);
        assert_eq!(inspect(PathBuf::from("/etc")), None);
    }
}
