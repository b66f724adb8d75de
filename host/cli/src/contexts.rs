//! Stored logins: one file that only its owner can read, with a context for each instance.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    environment::Environment,
    failure::{Failure, Result},
};

/// Everything that is stored.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Contexts {
    /// Name of the one that is used where nothing else is said.
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// Who one is at an instance.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Context {
    pub(crate) url: String,
    pub(crate) username: String,
    /// The API key.
    pub(crate) key: String,
    pub(crate) key_id: String,
    pub(crate) expires_at: Option<String>,
}

/// Where it is stored.
fn path(environment: &Environment) -> Result<PathBuf> {
    let home = environment.config_home.as_ref().ok_or_else(|| {
        Failure::usage("there is no place for logins: neither XDG_CONFIG_HOME nor HOME is set")
            .next("set PICLOUD_URL and PICLOUD_TOKEN instead")
    })?;
    Ok(home.join("picloud").join("logins.toml"))
}

impl Contexts {
    /// Nothing, if nobody ever logged in.
    ///
    /// # Errors
    /// The file can't be read or understood, or others can read it.
    pub(crate) fn load(environment: &Environment) -> Result<Self> {
        if environment.config_home.is_none() {
            return Ok(Self::default());
        }
        let path = path(environment)?;
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read.map_err(|error| Failure::file("read", &path, &error))?,
        };
        let mode = fs::metadata(&path).map_err(|error| Failure::file("look at", &path, &error))?.mode();
        if mode & 0o077 != 0 {
            let what = format!("{} has API keys, and others than you can read it (mode {:o})", path.display(), mode & 0o777);
            return Err(Failure::usage(what).next(format!("chmod 600 {}", path.display())));
        }
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            Failure::usage(format!("{} is damaged: {}", path.display(), error.message())).next("remove it and log in again: picloud login")
        })
    }

    /// Replaces the file, all or nothing.
    pub(crate) fn store(&self, environment: &Environment) -> Result<()> {
        let path = path(environment)?;
        let text = toml::to_string(self).map_err(|error| Failure::failed(format!("could not write down the logins: {error}")))?;
        write(&path, &text).map_err(|error| Failure::file("write", &path, &error))
    }

    /// The context of this name.
    ///
    /// # Errors
    /// There is none; those that there are are named.
    pub(crate) fn named(&self, name: &str) -> Result<&Context> {
        self.contexts.get(name).ok_or_else(|| {
            let all: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            let all = if all.is_empty() { "there is none yet".to_owned() } else { format!("there is: {}", all.join(", ")) };
            Failure::new(crate::failure::Exit::NotFound, format!("there is no context `{name}`; {all}")).next("picloud login URL makes one")
        })
    }

    /// The login at this instance, if there is one: that of the current context before others.
    pub(crate) fn at(&self, url: &str) -> Option<(&str, &Context)> {
        let current = self.current.as_deref().and_then(|name| self.contexts.get_key_value(name));
        let all = current.into_iter().chain(&self.contexts);
        all.map(|(name, context)| (name.as_str(), context)).find(|(_, context)| context.url == url)
    }
}

/// Replaces a file that only its owner can read, all or nothing.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _is_left = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn logins_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment { config_home: Some(folder.path().join("config")), ..Environment::default() };
        let mut contexts = Contexts::load(&environment).unwrap();
        let (url, username) = ("https://a.example".to_owned(), "ada".to_owned());
        contexts.contexts.insert("a".into(), Context { url, username, key: "pic_x".into(), key_id: "1".into(), expires_at: None });
        contexts.store(&environment).unwrap();
        let path = path(&environment).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(Contexts::load(&environment).unwrap().at("https://a.example").unwrap().0, "a");
        assert!(Contexts::load(&environment).unwrap().at("https://b.example").is_none());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Contexts::load(&environment).err().unwrap().next.contains("chmod 600"));
    }
}
