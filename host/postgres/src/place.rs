//! Where the files are.
//!
//! ```text
//! <directory>/lock          held by the supervisor
//! <directory>/location      a pointer: the lines below are in the directory that it names
//! <directory>/data/         the cluster
//! <directory>/run/          the socket, unless its path would be too long
//! <directory>/run-location  a pointer to the socket's directory then
//! ```

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Settings,
    error::{FileContext, ServerError},
    server_user::{Change, ServerUser},
};

/// `sun_path` has 108 bytes, the last of them a zero; the server adds this name to the directory.
const SOCKET_DIRECTORY_BYTES_MAX: usize = 107 - "/.s.PGSQL.5432".len();

/// Directories and user of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// As the owner named it, absolute.
    named: PathBuf,
    /// Where the files are: `named` or what its pointer names.
    pub(crate) home: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) user: ServerUser,
}

impl Place {
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.named.join("lock")
    }

    /// The cluster's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.join("data")
    }
}

/// Decides where the files are and makes the directories. `progress` is told about an unusual place.
pub(crate) fn prepare(settings: &Settings, progress: fn(&str)) -> Result<Place, ServerError> {
    let named = &settings.directory;
    fs::create_dir_all(named).context("create the directory", named)?;
    let named = named.canonicalize().context("find", named)?;
    let pointer = named.join("location");
    let home = match read_pointer(&pointer)? {
        Some(home) => home,
        None => {
            let user = ServerUser::choose(Some(&named.join("data")))?;
            if reaches(&user, &named) { named.clone() } else { elsewhere(&pointer, &named, settings)? }
        }
    };
    if home != named {
        progress(&format!("The database is in {}: PostgreSQL's user can't enter {}.", home.display(), named.display()));
    }
    let user = ServerUser::choose(Some(&home.join("data")))?;
    user.own_directory(&home)?;
    let socket = socket_directory(&home, &user)?;
    Ok(Place { named, home, socket, user })
}

/// The directory that a pointer file names; `None` if there is no pointer.
fn read_pointer(pointer: &Path) -> Result<Option<PathBuf>, ServerError> {
    let text = match fs::read_to_string(pointer) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("read", pointer),
    };
    let target = PathBuf::from(text.trim_end());
    if target.is_dir() { Ok(Some(target)) } else { Err(ServerError::Dangling { pointer: pointer.to_owned(), target }) }
}

/// Whether the server's user can work inside the parent of `directory`: tried, since modes alone don't tell (access lists,
/// mounts).
fn reaches(user: &ServerUser, directory: &Path) -> bool {
    if user.change == Change::Stay {
        return true;
    }
    let parent = directory.parent().unwrap_or(directory);
    // The child changes its user first and its directory then.
    let mut probe = Command::new("/bin/sh");
    probe.args(["-c", ":"]).env_clear().current_dir(parent).uid(user.uid).gid(user.gid);
    probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// A new directory under the fallback parent, and the pointer to it. The name is random: a directory made again at the same
/// path must not find the data of the one before.
fn elsewhere(pointer: &Path, named: &Path, settings: &Settings) -> Result<PathBuf, ServerError> {
    let parent = &settings.fallback_parent;
    fs::create_dir_all(parent).context("create the directory", parent)?;
    fs::set_permissions(parent, fs::Permissions::from_mode(0o755)).context("set the mode of", parent)?;
    let home = parent.join(random_name()?);
    fs::create_dir(&home).context("create the directory", &home)?;
    fs::write(home.join("belongs-to"), named.as_os_str().as_bytes()).context("write", home.join("belongs-to"))?;
    fs::write(pointer, home.as_os_str().as_bytes()).context("write", pointer)?;
    Ok(home)
}

/// `<home>/run`, or a directory with a short name when the socket's path would not fit.
fn socket_directory(home: &Path, user: &ServerUser) -> Result<PathBuf, ServerError> {
    let usual = home.join("run");
    if usual.as_os_str().len() <= SOCKET_DIRECTORY_BYTES_MAX {
        user.own_directory(&usual)?;
        return Ok(usual);
    }
    let pointer = home.join("run-location");
    if let Ok(Some(earlier)) = read_pointer(&pointer)
        && is_private(&earlier, user)
    {
        return Ok(earlier);
    }
    // Made anew and never taken over: others can write here too.
    let parent = Path::new(if user.change == Change::Become { "/run" } else { "/tmp" });
    let short = parent.join(format!("postgres-{}", random_name()?));
    fs::create_dir(&short).context("create the directory", &short)?;
    user.own_directory(&short)?;
    fs::write(&pointer, short.as_os_str().as_bytes()).context("write", &pointer)?;
    Ok(short)
}

/// Whether `directory` is a real directory of this user that nobody else can enter.
fn is_private(directory: &Path, user: &ServerUser) -> bool {
    fs::symlink_metadata(directory).is_ok_and(|found| found.is_dir() && found.uid() == user.uid && found.mode() & 0o077 == 0)
}

/// Twelve hexadecimal digits.
fn random_name() -> Result<String, ServerError> {
    let mut bytes = [0_u8; 6];
    getrandom::fill(&mut bytes).map_err(|source| ServerError::Random { source })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn a_pointer_to_nothing_is_an_error_and_no_pointer_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let pointer = directory.path().join("location");
        assert_eq!(read_pointer(&pointer).unwrap(), None);
        fs::write(&pointer, "/no/such/place\n").unwrap();
        assert!(matches!(read_pointer(&pointer), Err(ServerError::Dangling { .. })));
        fs::write(&pointer, directory.path().as_os_str().as_bytes()).unwrap();
        assert_eq!(read_pointer(&pointer).unwrap().as_deref(), Some(directory.path()));
    }

    #[test]
    fn a_directory_that_others_can_enter_is_not_private() {
        let directory = tempfile::tempdir().unwrap();
        let owner = fs::metadata(directory.path()).unwrap().uid();
        let user = ServerUser { name: "somebody".into(), uid: owner, gid: 0, change: Change::Stay };
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(is_private(directory.path(), &user));
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!is_private(directory.path(), &user));
        assert!(!is_private(&directory.path().join("absent"), &user));
    }
}
