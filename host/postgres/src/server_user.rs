//! The user that the server runs as: this process's own, or an unprivileged one when this process is root.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    path::Path,
};

use rustix::process::{getegid, geteuid};

use crate::error::{FileContext, ServerError};

/// A user of the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether a child has to change to this user: true exactly when this process is root.
    pub(crate) change: Change,
}

/// Whether a child process has to change its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Stay,
    Become,
}

impl ServerUser {
    /// This process's user unless that is root; then the owner of `existing` data, else `postgres`, else `nobody`.
    pub(crate) fn choose(existing: Option<&Path>) -> Result<Self, ServerError> {
        let passwd = fs::read_to_string("/etc/passwd").context("read", "/etc/passwd")?;
        let own = geteuid().as_raw();
        if own != 0 {
            let name = entry(&passwd, |user| user.uid == own).map_or_else(|| own.to_string(), |user| user.name);
            return Ok(Self { name, uid: own, gid: getegid().as_raw(), change: Change::Stay });
        }
        let owner = existing.and_then(|data| fs::metadata(data).ok()).map(|metadata| metadata.uid()).filter(|uid| *uid != 0);
        owner
            .and_then(|uid| entry(&passwd, |user| user.uid == uid))
            .or_else(|| entry(&passwd, |user| user.name == "postgres"))
            .or_else(|| entry(&passwd, |user| user.name == "nobody"))
            .ok_or(ServerError::NoUser)
    }

    /// Makes `path` a directory that only this user (and root) can enter.
    pub(crate) fn own_directory(&self, path: &Path) -> Result<(), ServerError> {
        if !path.is_dir() {
            DirBuilder::new().mode(0o700).create(path).context("create the directory", path)?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).context("set the mode of", path)?;
        self.own(path)
    }

    /// Hands a file or directory to this user.
    pub(crate) fn own(&self, path: &Path) -> Result<(), ServerError> {
        match self.change {
            Change::Stay => Ok(()),
            Change::Become => chown(path, Some(self.uid), Some(self.gid)).context("change the owner of", path),
        }
    }
}

/// The first line of `/etc/passwd` that fits.
fn entry(passwd: &str, fits: impl Fn(&ServerUser) -> bool) -> Option<ServerUser> {
    passwd.lines().filter_map(parse).find(|user| fits(user))
}

/// `name:password:uid:gid:...`
fn parse(line: &str) -> Option<ServerUser> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(ServerUser { name, uid, gid, change: Change::Become })
}

/// The name of the user that connects: this process's own.
pub(crate) fn own_name() -> Result<String, ServerError> {
    let passwd = fs::read_to_string("/etc/passwd").context("read", "/etc/passwd")?;
    let own = geteuid().as_raw();
    Ok(entry(&passwd, |user| user.uid == own).map_or_else(|| own.to_string(), |user| user.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_lines_that_make_no_sense_are_passed_over() {
        let passwd = "\n# a comment\nbroken:x:one:1::/:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
        let found = entry(passwd, |_| true).map(|user| (user.name, user.uid, user.gid));
        assert_eq!(found, Some(("nobody".to_owned(), 65534, 65534)));
    }
}
