//! The file with the master keys: one per line as 64 hexadecimal digits, the newest first. Lines that begin with `#` are for people.

use std::{
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::key::{KEY_BYTES, Key, NoEntropy};

/// What the file begins with.
const ABOUT: &str =
    "# The master keys of this PiCloud: without them its secrets can't be read. Keep a copy where the backups of the database are not.\n";

/// The master keys, newest first. Never empty.
#[derive(Clone)]
pub struct MasterKeys(Vec<MasterKey>);

/// A master key and its name.
#[derive(Clone)]
pub(crate) struct MasterKey {
    key: Key,
    id: String,
}

/// What is wrong with the key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("could not read the key file {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not write the key file {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Somebody else may read it.
    #[error("others can read the key file {path} (mode {mode:03o}): chmod 600 {path}")]
    Mode { path: PathBuf, mode: u32 },
    #[error("line {line} of the key file {path} is not a key: 64 hexadecimal digits")]
    Malformed { path: PathBuf, line: usize },
    #[error("the key file {path} has no key")]
    Empty { path: PathBuf },
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl MasterKey {
    fn new(key: Key) -> Self {
        let digest = Sha256::new().chain_update(b"picloud master key id").chain_update(key.bytes()).finalize();
        Self { id: hex(&digest[..8]), key }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKeys").field(&self.ids().collect::<Vec<_>>().join(" ")).finish()
    }
}

impl MasterKeys {
    /// One new key, in memory only: for tests.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn random() -> Result<Self, NoEntropy> {
        Ok(Self(vec![MasterKey::new(Key::random()?)]))
    }

    /// Reads the file; `None`: there is none.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn read(path: &Path) -> Result<Option<Self>, KeyFileError> {
        let unreadable = |source| KeyFileError::Read { path: path.to_owned(), source };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        // What systemd hands over (LoadCredential=) is readable for the group of nobody else.
        let mode = metadata.mode() & 0o777;
        if mode & 0o037 != 0 {
            return Err(KeyFileError::Mode { path: path.to_owned(), mode });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(line, text)| {
            let key = unhex(text).and_then(|bytes| Key::from_slice(&bytes));
            key.map(MasterKey::new).ok_or_else(|| KeyFileError::Malformed { path: path.to_owned(), line })
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(KeyFileError::Empty { path: path.to_owned() }) } else { Ok(Some(Self(keys))) }
    }

    /// Makes the file with one new key; if somebody else has just made it, reads his.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn make(path: &Path) -> Result<Self, KeyFileError> {
        let made = Self::random()?;
        let written = made.write_beside(path).and_then(|partial| {
            // A link, not a renaming: it does not replace what is there.
            let linked = fs::hard_link(&partial, path);
            fs::remove_file(&partial)?;
            linked?;
            sync_directory(path)
        });
        match written {
            Ok(()) => Ok(made),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::read(path)?.ok_or_else(|| KeyFileError::Write { path: path.to_owned(), source: error })
            }
            Err(source) => Err(KeyFileError::Write { path: path.to_owned(), source }),
        }
    }

    /// Writes a new key in front of the others. What is sealed with those goes on to open.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn rotate(path: &Path) -> Result<Self, KeyFileError> {
        let Some(present) = Self::read(path)? else { return Self::make(path) };
        let rotated = present.with_newer(Self::random()?);
        let written = rotated.write_beside(path).and_then(|partial| {
            fs::rename(partial, path)?;
            sync_directory(path)
        });
        written.map_err(|source| KeyFileError::Write { path: path.to_owned(), source })?;
        Ok(rotated)
    }

    /// The names of the keys, newest first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(MasterKey::id)
    }

    #[must_use]
    pub(crate) fn with_newer(&self, newer: Self) -> Self {
        Self(newer.0.into_iter().chain(self.0.iter().cloned()).collect())
    }

    pub(crate) fn newest(&self) -> &MasterKey {
        &self.0[0]
    }

    pub(crate) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.0.iter().find(|master| master.id == id)
    }

    /// The whole file under another name, on the disk.
    fn write_beside(&self, path: &Path) -> io::Result<PathBuf> {
        let partial = path.with_extension(format!("partial-{}", std::process::id()));
        let mut text = Zeroizing::new(ABOUT.to_owned());
        for master in &self.0 {
            let digits = Zeroizing::new(hex(master.key.bytes()));
            text.push_str(&digits);
            text.push('\n');
        }
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(partial)
    }
}

fn sync_directory(of: &Path) -> io::Result<()> {
    let directory = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::File::open(directory)?.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for at in (0..text.len()).step_by(2) {
        bytes.push(u8::from_str_radix(&text[at..at + 2], 16).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn s_6_4_the_file_is_made_once_and_only_its_owner_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        assert!(MasterKeys::read(&path).unwrap().is_none());
        let made = MasterKeys::make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        // Who comes second gets what is there.
        assert_eq!(MasterKeys::make(&path).unwrap().newest().id(), made.newest().id());
        assert_eq!(MasterKeys::read(&path).unwrap().unwrap().newest().id(), made.newest().id());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn s_6_4_a_new_key_comes_first_and_the_old_ones_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        let old = MasterKeys::make(&path).unwrap();
        let rotated = MasterKeys::rotate(&path).unwrap();
        let read = MasterKeys::read(&path).unwrap().unwrap();
        assert_eq!(read.ids().collect::<Vec<_>>(), rotated.ids().collect::<Vec<_>>());
        assert_eq!(read.ids().nth(1), old.ids().next());
        assert_ne!(read.newest().id(), old.newest().id());
    }

    #[test]
    fn what_is_wrong_with_the_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        for (text, expected) in [
            ("", "has no key"),
            ("# nothing\n\n", "has no key"),
            ("# ours\n0123\n", "line 2 "),
            (&"g".repeat(64), "line 1 "),
            (&format!("{}\n{}\n", "a".repeat(64), "b".repeat(65)), "line 2 "),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = MasterKeys::read(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("secrets.key") && !error.contains("aaaa"), "{error}");
        }
        fs::write(&path, format!("{}\n", "a".repeat(64))).unwrap();
        for mode in [0o644, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(MasterKeys::read(&path).unwrap_err().to_string().contains("chmod 600"));
        }
    }
}
