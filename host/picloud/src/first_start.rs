//! What a new instance begins with: an owner, and an app that shows what a script looks like.

use std::convert::Infallible;

use anyhow::Context as _;
use jiff::Timestamp;
use manager::auth::password::{self, Passwords};
use store::{AppRef, InstanceRole, NewAdmin, Principal, Store};

use crate::{config::Config, seed, telling::tell};

/// Makes owner and first app if the database has no admin. Says what it made.
pub(crate) async fn prepare(config: &Config, store: &Store, passwords: &Passwords, now: Timestamp) -> anyhow::Result<()> {
    let control = store.control();
    control.instance(now).await.context("could not name the instance")?;
    let owners = control.owners().await.context("could not count the owners")?;
    if owners > 1 {
        tracing::warn!(owners, "this instance has more than one owner: each can do everything, and remove the others");
    }
    if owners > 0 {
        return Ok(());
    }
    let given = config.owner.password.as_ref().map(|password| password.reveal().to_owned());
    let password = given.clone().map_or_else(password::generate, Ok)?;
    let username = config.owner.username.clone();
    let password_hash = passwords.hash(password.clone()).await.context("could not hash the owner's password")?;
    let owner = NewAdmin { display_name: username.clone(), username: username.clone(), password_hash, role: InstanceRole::Owner, now };
    let Some(principal) = control.create_first_owner(&owner).await.context("could not make the first owner")? else {
        // Another node was faster, or there are only inactive owners.
        return Ok(());
    };
    if !config.owner.is_welcomed {
        return Ok(());
    }
    first_app(store, &principal, now).await.context("could not make the first app")?;
    match given {
        Some(_) => tell(&format!("Made the owner `{username}` with the password that you gave.")),
        None => {
            tell(&format!("Made the owner `{username}`. The password is shown only now; keep it:"));
            show(&password);
        }
    }
    Ok(())
}

/// A secret for a person to copy: on a line of its own.
pub(crate) fn show(password: &str) {
    tell(&format!("\n    {password}\n"));
}

/// The installation acts for the owner whom it has just made, so there is nothing to decide.
async fn first_app(store: &Store, owner: &Principal, now: Timestamp) -> anyhow::Result<()> {
    let control = store.control();
    let allow = |_: &store::AccessFacts| Ok::<(), Infallible>(());
    let instance = control.authorize_instance(owner, allow).await?;
    let app = instance.create_app(&seed::SLUG.parse()?, seed::NAME, now).await?;
    let app = control.authorize(owner, &AppRef::Id(app.id), allow).await?;
    app.deploy(&seed::changes(now), "The first app", now).await?;
    Ok(())
}
