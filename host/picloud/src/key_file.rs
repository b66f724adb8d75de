//! The master keys of secrets: read from their file at start, or made by the first node of an instance.

use std::path::Path;

use anyhow::Context as _;
use store::Store;
use vault::{MasterKeys, Vault};

use crate::{
    clock,
    config::{Config, Database},
    telling::tell,
};

/// The store, able to open its secrets. Fails if it could not open all of them, or those of other nodes: better now than when a script asks.
pub(crate) async fn unlock(config: &Config, store: &Store) -> anyhow::Result<Store> {
    let path = &config.secrets_key_file;
    let shown = path.display();
    let keys = match MasterKeys::read(path)? {
        Some(keys) => keys,
        None => make(config, store, path).await?,
    };
    let instance = store.control().instance(clock::now()).await.context("could not name the instance")?;
    let store = store.clone().with_vault(Vault::new(keys, instance));
    let renewed = store.renew_secret_keys().await.with_context(|| format!("the key file {shown} does not fit the database"))?;
    store.check_master_keys(clock::now()).await.with_context(|| {
        format!(
            "the key file {shown} is not that of this instance: what this node would seal, no other could read. Copy the key file of a node that \
             runs to {shown}, or name its copy (secrets_key_file)"
        )
    })?;
    if renewed > 0 {
        tell(&format!(
            "Sealed the keys of {renewed} apps with the newest master key; older ones are no longer needed when all nodes have started."
        ));
    }
    Ok(store)
}

/// A key file for an instance that has none. A new one would not open what others have sealed, and the old one would be missed too late.
async fn make(config: &Config, store: &Store, path: &Path) -> anyhow::Result<MasterKeys> {
    let shown = path.display();
    let used = store.master_keys_in_use().await.context("could not look for secrets")?;
    anyhow::ensure!(
        used.is_empty(),
        "there is no key file at {shown}, but the database has secrets that are sealed with the master key {}; put the file back, or name it \
         (secrets_key_file)",
        used.join(" and ")
    );
    if let Some(master) = store.master_key_of_nodes().await.context("could not look for the keys of other nodes")? {
        match &config.database {
            // No other node can have it, and nothing was sealed.
            Database::Private { .. } => store.forget_master_keys().await.context("could not forget the lost key file")?,
            Database::External(_) => anyhow::bail!(
                "there is no key file at {shown}, but the nodes of this instance have the master key {master}; copy the key file of one of them to \
                 {shown}, or name its copy (secrets_key_file)"
            ),
        }
    }
    let keys = MasterKeys::make(path)?;
    if config.owner.is_welcomed {
        tell(&format!("Made the key of all secrets, {shown}; keep a copy of it where the backups of the database are not."));
    }
    Ok(keys)
}
