//! The keys of apps, sealed by the master key, and what they seal.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    MasterKeys,
    key::{Key, NoEntropy, Unopened, place},
};

/// The master keys of an instance. Cheap to share, not to be shown.
#[derive(Debug)]
pub struct Vault {
    masters: MasterKeys,
    instance: Uuid,
}

/// An app key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Names the app key.
    pub id: Uuid,
    /// Names the master key that it is sealed with.
    pub master: String,
    pub sealed: Vec<u8>,
}

/// Seals and opens the secrets of one app.
pub struct AppKey {
    key: Key,
    /// The beginning of every place: instance, app, app key.
    instance: Uuid,
    app: Uuid,
    id: Uuid,
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppKey").field("app", &self.app).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Vault {
    /// `instance`: what tells this installation from others.
    #[must_use]
    pub fn new(masters: MasterKeys, instance: Uuid) -> Self {
        Self { masters, instance }
    }

    /// Makes the key of an app, once in its life. `id` names it and is never used again.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn make(&self, app: Uuid, id: Uuid) -> Result<Wrapped, NoEntropy> {
        self.wrap(app, id, &Key::random()?)
    }

    /// Opens the key of an app.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open(&self, app: Uuid, wrapped: &Wrapped) -> Result<AppKey, Unopened> {
        Ok(AppKey { key: self.unwrap(app, wrapped)?, instance: self.instance, app, id: wrapped.id })
    }

    /// The same app key, sealed with the newest master key; `None` if it is already.
    ///
    /// # Errors
    /// It does not open: [`Unopened`].
    pub fn renew(&self, app: Uuid, wrapped: &Wrapped) -> Result<Option<Wrapped>, Unopened> {
        if wrapped.master == self.masters.newest().id() {
            return self.unwrap(app, wrapped).map(|_opens| None);
        }
        let key = self.unwrap(app, wrapped)?;
        self.wrap(app, wrapped.id, &key).map(Some).map_err(|_| Unopened::Damaged)
    }

    fn wrap(&self, app: Uuid, id: Uuid, key: &Key) -> Result<Wrapped, NoEntropy> {
        let master = self.masters.newest();
        let sealed = master.key().seal(&self.place(app, id, master.id()), key.bytes())?;
        Ok(Wrapped { id, master: master.id().to_owned(), sealed })
    }

    fn unwrap(&self, app: Uuid, Wrapped { id, master, sealed }: &Wrapped) -> Result<Key, Unopened> {
        let master = self.masters.find(master).ok_or_else(|| Unopened::NoMasterKey { master: master.clone() })?;
        let opened = master.key().open(&self.place(app, *id, master.id()), sealed)?;
        Key::from_slice(&opened).ok_or(Unopened::Damaged)
    }

    fn place(&self, app: Uuid, id: Uuid, master: &str) -> Vec<u8> {
        place(&[b"picloud app key", self.instance.as_bytes(), app.as_bytes(), id.as_bytes(), master.as_bytes()])
    }
}

impl AppKey {
    /// Seals one version of a secret.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn seal(&self, name: &str, version: i64, text: &[u8]) -> Result<Vec<u8>, NoEntropy> {
        self.key.seal(&self.place(name, version), text)
    }

    /// Opens what was sealed for the same app, name and version.
    ///
    /// # Errors
    /// [`Unopened::Damaged`].
    pub fn open(&self, name: &str, version: i64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        self.key.open(&self.place(name, version), sealed)
    }

    fn place(&self, name: &str, version: i64) -> Vec<u8> {
        let Self { instance, app, id, .. } = self;
        place(&[b"picloud secret", instance.as_bytes(), app.as_bytes(), name.as_bytes(), &version.to_le_bytes(), id.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn s_6_4_a_secret_opens_in_its_own_place_only() {
        let vault = Vault::new(MasterKeys::random().unwrap(), id(1));
        let (wrapped, other) = (vault.make(id(2), id(3)).unwrap(), vault.make(id(4), id(5)).unwrap());
        let key = vault.open(id(2), &wrapped).unwrap();
        let sealed = key.seal("TOKEN", 7, b"hunter2").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(*key.open("TOKEN", 7, &sealed).unwrap(), b"hunter2");
        assert_eq!(key.open("TOKEN", 8, &sealed), Err(Unopened::Damaged));
        assert_eq!(key.open("TOKEM", 7, &sealed), Err(Unopened::Damaged));
        assert_eq!(vault.open(id(4), &other).unwrap().open("TOKEN", 7, &sealed), Err(Unopened::Damaged));
        // The key itself, copied to another app, or under another name.
        assert_eq!(vault.open(id(4), &wrapped).unwrap_err(), Unopened::Damaged);
        assert_eq!(vault.open(id(2), &Wrapped { id: id(9), ..wrapped }).unwrap_err(), Unopened::Damaged);
    }

    #[test]
    fn s_6_4_a_new_master_key_seals_the_app_keys_again_and_nothing_else() {
        let old = MasterKeys::random().unwrap();
        let vault = Vault::new(old.clone(), id(1));
        let wrapped = vault.make(id(2), id(3)).unwrap();
        let sealed = vault.open(id(2), &wrapped).unwrap().seal("TOKEN", 1, b"hunter2").unwrap();
        assert_eq!(vault.renew(id(2), &wrapped), Ok(None));

        let both = Vault::new(old.with_newer(MasterKeys::random().unwrap()), id(1));
        let renewed = both.renew(id(2), &wrapped).unwrap().unwrap();
        assert_ne!(renewed.master, wrapped.master);
        for known in [&wrapped, &renewed] {
            assert_eq!(*both.open(id(2), known).unwrap().open("TOKEN", 1, &sealed).unwrap(), b"hunter2");
        }
        let missing = Unopened::NoMasterKey { master: renewed.master.clone() };
        assert_eq!(vault.open(id(2), &renewed).unwrap_err(), missing);
        assert_eq!(vault.renew(id(2), &renewed), Err(missing));
        // Of another instance, even with the same key.
        assert_eq!(Vault::new(old, id(8)).open(id(2), &wrapped).unwrap_err(), Unopened::Damaged);
    }

    #[test]
    fn keys_are_not_shown() {
        let vault = Vault::new(MasterKeys::random().unwrap(), id(1));
        let key = vault.open(id(2), &vault.make(id(2), id(3)).unwrap()).unwrap();
        let shown = format!("{vault:?} {key:?}");
        assert!(!shown.contains("Key(") && !shown.contains('['), "{shown}");
    }
}
