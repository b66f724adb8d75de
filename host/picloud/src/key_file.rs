//! The master keys of secrets: read from their file at start, or made if there are no secrets yet.

use anyhow::Context as _;
use store::Store;
use vault::{MasterKeys, Vault};

use crate::{clock, config::Config, telling::tell};

/// The store, able to open its secrets. Fails if it could not open all of them: better now than when a script asks.
pub(crate) async fn unlock(config: &Config, store: &Store) -> anyhow::Result<Store> {
    let path = &config.secrets_key_file;
    let keys = match MasterKeys::read(path)? {
        Some(keys) => keys,
        None => {
            let used = store.master_keys_in_use().await.context("could not look for secrets")?;
            // A new key would not open them, and the old one would be missed too late.
            anyhow::ensure!(
                used.is_empty(),
                "there is no key file at {}, but the database has secrets that are sealed with the master key {}; put the file back, or name it \
                 (secrets_key_file)",
                path.display(),
                used.join(" and ")
            );
            let keys = MasterKeys::make(path)?;
            tell(&format!("Made the key of all secrets, {}; keep a copy of it where the backups of the database are not.", path.display()));
            keys
        }
    };
    let instance = store.control().instance(clock::now()).await.context("could not name the instance")?;
    let store = store.clone().with_vault(Vault::new(keys, instance));
    let renewed = store.renew_secret_keys().await.with_context(|| format!("the key file {} does not fit the database", path.display()))?;
    if renewed > 0 {
        tell(&format!(
            "Sealed the keys of {renewed} apps with the newest master key; older ones are no longer needed when all nodes have started."
        ));
    }
    Ok(store)
}
