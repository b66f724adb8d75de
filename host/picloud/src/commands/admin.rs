//! `picloud admin`: for whoever has the machine. A lost password, a new master key.

use anyhow::Context as _;
use manager::auth::password::{self, Passwords};
use store::Keys;
use vault::MasterKeys;

use crate::{
    clock,
    config::{Arguments, Config},
    data_directory,
    database::Database,
    first_start, telling,
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum AdminCommand {
    /// Gives an admin a new random password, prints it, ends all the admin's sessions and revokes his keys. Works while the instance
    /// runs and while it does not
    ResetPassword {
        /// The admin
        username: String,
        /// Leave the admin's API keys as they are
        #[arg(long)]
        keep_keys: bool,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Puts a new master key for secrets in front of those in the key file. At the next start it is the one that is used; with several
    /// nodes, first give all of them the file with the new key behind the old one
    RotateSecretsKey(Arguments),
    /// For an instance whose key file is lost for good: forgets all secrets, which nobody can read any more, so that the next start makes a new
    /// key file. No node may run
    ForgetSecrets {
        /// Really
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        arguments: Arguments,
    },
}

pub(crate) fn run(command: AdminCommand) -> anyhow::Result<()> {
    let (username, keep_keys, arguments) = match command {
        AdminCommand::ResetPassword { username, keep_keys, arguments } => (username, keep_keys, arguments),
        AdminCommand::RotateSecretsKey(arguments) => return rotate_secrets_key(arguments),
        AdminCommand::ForgetSecrets { yes, arguments } => return forget_secrets(yes, arguments),
    };
    let keys = if keep_keys { Keys::Keep } else { Keys::Revoke };
    let config = Config::read(arguments)?;
    telling::start_logging(&config.log)?;
    block_on(reset_password(&config, &username, keys))
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("could not start a thread")?;
    runtime.block_on(work)
}

fn forget_secrets(yes: bool, arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::read(arguments)?;
    telling::start_logging(&config.log)?;
    let path = config.secrets_key_file.display();
    anyhow::ensure!(!config.secrets_key_file.exists(), "there is a key file at {path}: move it away if it is not the right one");
    anyhow::ensure!(yes, "this forgets the secrets of all apps for good; say --yes if the key file {path} has no copy anywhere");
    block_on(async {
        // Not beside a server: that one has the keys, and would seal with them again.
        let database = Database::open(&config).await?;
        let forgotten = database.store.forget_secrets().await;
        database.close().await?;
        let count = forgotten.context("could not forget the secrets")?;
        telling::tell(&format!(
            "Forgot {count} secrets. The next start of the first node makes a new key file, {path}; copy it to all others."
        ));
        Ok(())
    })
}

fn rotate_secrets_key(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::read(arguments)?;
    let path = &config.secrets_key_file;
    data_directory::make(&config.data_dir)?;
    let keys = MasterKeys::rotate(path)?;
    let newest = keys.ids().next().unwrap_or_default().to_owned();
    telling::tell(&format!(
        "Wrote the new master key {newest} to {}. Restart PiCloud: it then seals the keys of all apps with it. Keep the older keys in the file until \
         that is done on every node, and in the copies as long as you may restore an older backup.",
        path.display()
    ));
    Ok(())
}

async fn reset_password(config: &Config, username: &str, keys: Keys) -> anyhow::Result<()> {
    let database = Database::open_beside_a_server(config).await?;
    let result = replace(&database, username, keys).await;
    database.close().await?;
    let password = result?;
    telling::tell(&format!("The new password of {username}; it is shown only now:"));
    first_start::show(&password);
    Ok(())
}

async fn replace(database: &Database, username: &str, keys: Keys) -> anyhow::Result<String> {
    let control = database.store.control();
    let password = password::generate()?;
    let hash = Passwords::new(1).hash(password.clone()).await.context("could not hash the password")?;
    let found = control.reset_password(username, &hash, keys, clock::now()).await.context("could not store the password")?;
    anyhow::ensure!(found, "there is no admin `{username}`");
    Ok(password)
}
