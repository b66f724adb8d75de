//! The database, and whether its secrets open.

use jiff::SignedDuration;
use store::{DatabaseFacts, PoolSizes, Store};
use vault::{MasterKeys, Vault};

use super::Finding;
use crate::{
    clock,
    config::{Config, Database},
    database,
};

/// The oldest that the tests run with.
const VERSION_MIN: i32 = 150_000;
/// Clocks that differ by more make leases and expiry look wrong.
const CLOCKS_DIFFER_MAX: SignedDuration = SignedDuration::from_secs(2);

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "database";
    let url = match database::url_beside_a_server(config) {
        Ok(Some(url)) => url,
        Ok(None) => {
            let why = "the private database runs only while PiCloud does, and is not started for a look at it";
            return vec![
                Finding::warning(CHECK, "the private database does not run", why, "start `picloud serve` and ask again"),
                key_file(config),
            ];
        }
        Err(error) => {
            let why = "apps, accounts and everything that scripts keep are in it";
            return vec![Finding::error(
                CHECK,
                format!("{error:#}"),
                why,
                "see the reason; the log of the server is in the data directory",
            )];
        }
    };
    let store = match Store::connect(&url, PoolSizes { control: 1, data: 1 }).await {
        Ok(store) => store,
        Err(error) => {
            let what = format!("the database can't be reached: {:#}", anyhow::Error::new(error));
            let why = "apps that need no data are served from memory; everything else waits for it";
            return vec![Finding::error(CHECK, what, why, "start PostgreSQL, or correct database_url"), key_file(config)];
        }
    };
    let findings = match store.examine().await {
        Ok(facts) => {
            let mut findings = vec![version(&facts), writes(&facts), schema(&facts), clocks(&facts)];
            findings.push(secrets(config, &store, &facts).await);
            findings
        }
        Err(error) => {
            let what = format!("the database does not answer: {:#}", anyhow::Error::new(error));
            vec![Finding::error(CHECK, what, "it is reached and can't be used", "look into its log")]
        }
    };
    store.close().await;
    findings
}

fn version(facts: &DatabaseFacts) -> Finding {
    const CHECK: &str = "database";
    let what = format!("PostgreSQL {} answers", facts.version);
    if facts.version_number >= VERSION_MIN {
        return Finding::ok(CHECK, what);
    }
    Finding::error(CHECK, what, "PiCloud is made for PostgreSQL 15 and newer", "upgrade the server")
}

fn writes(facts: &DatabaseFacts) -> Finding {
    const CHECK: &str = "database_writes";
    if !facts.is_read_only {
        return Finding::ok(CHECK, "the database takes writes");
    }
    let why = "nothing can be deployed, and scripts can write nothing";
    Finding::error(CHECK, "the database takes no writes", why, "name the primary server (database_url), or end the read-only mode")
}

fn schema(facts: &DatabaseFacts) -> Finding {
    const CHECK: &str = "schema";
    let known = Store::schema_version();
    match facts.schema {
        None => {
            Finding::warning(CHECK, "the database is empty", "no PiCloud has used it yet", "start `picloud serve`, which makes its tables")
        }
        Some(found) if facts.schema_min.is_some_and(|oldest| oldest > known) => Finding::error(
            CHECK,
            format!("the database has schema {found}, this PiCloud knows {known}"),
            "a newer version has taken away what this one uses, and this one does not start with it",
            "install the newer version, or restore a backup from before",
        ),
        Some(found) if found > known => Finding::warning(
            CHECK,
            format!("the database has schema {found}, this PiCloud knows {known}"),
            "a newer version has added to the tables; this one goes on with them",
            "install the newer version on this machine too",
        ),
        Some(found) if found < known => Finding::warning(
            CHECK,
            format!("the database has schema {found}, this PiCloud has {known}"),
            "an older version has made the tables",
            "make a backup (`picloud backup`); the next start of this version brings them up to date",
        ),
        Some(found) => Finding::ok(CHECK, format!("the schema is that of this version ({found})")),
    }
}

fn clocks(facts: &DatabaseFacts) -> Finding {
    const CHECK: &str = "clock";
    let differ = clock::now().duration_since(facts.now).abs();
    let what = format!("this machine's clock and the database's differ by {} ms", differ.as_millis());
    if differ <= CLOCKS_DIFFER_MAX {
        return Finding::ok(CHECK, what);
    }
    let why = "what expires, is due or was used last is reckoned by both";
    Finding::warning(CHECK, what, why, "let both follow a time server (systemd-timesyncd, chrony)")
}

/// Whether all secrets could be read.
async fn secrets(config: &Config, store: &Store, facts: &DatabaseFacts) -> Finding {
    const CHECK: &str = "secrets";
    if facts.schema.is_none_or(|schema| schema < Store::schema_version()) {
        return key_file(config);
    }
    let used = match store.master_keys_in_use().await {
        Ok(used) => used,
        Err(error) => {
            return Finding::error(CHECK, format!("{error}"), "the keys of secrets can't be looked at", "see the finding on the database");
        }
    };
    if used.is_empty() {
        return match store.master_key_of_nodes().await {
            Ok(Some(master)) => key_file_of_nodes(config, &master),
            Ok(None) | Err(_) => key_file(config),
        };
    }
    let path = config.secrets_key_file.display();
    let lost = |what: String| {
        let why = "secrets of apps can't be read, and PiCloud does not start: better now than when a script asks";
        Finding::error(CHECK, what, why, "put the file back from where you keep its copy, or name it (secrets_key_file)")
    };
    let keys = match MasterKeys::read(&config.secrets_key_file) {
        Ok(Some(keys)) => keys,
        Ok(None) => {
            return lost(format!("there is no key file at {path}, and secrets are sealed with the master key {}", used.join(" and ")));
        }
        Err(error) => return lost(format!("{:#}", anyhow::Error::new(error))),
    };
    let missing: Vec<String> = used.into_iter().filter(|used| !keys.ids().any(|id| id == used)).collect();
    if !missing.is_empty() {
        return lost(format!("the key file {path} has not the master key {}", missing.join(" and ")));
    }
    let opened = async {
        let instance = store.control().instance(clock::now()).await?;
        store.clone().with_vault(Vault::new(keys, instance)).check_secrets().await
    };
    match opened.await {
        Ok(apps) => Finding::ok(CHECK, format!("the key file {path} opens all secrets, those of {apps} apps")),
        Err(error) => lost(format!("the key file {path} does not open them: {error}")),
    }
}

/// Whether it is the key file of this instance, as long as nothing is sealed.
fn key_file_of_nodes(config: &Config, master: &str) -> Finding {
    const CHECK: &str = "secrets";
    let path = config.secrets_key_file.display();
    let what = match (MasterKeys::read(&config.secrets_key_file), &config.database) {
        (Ok(Some(keys)), _) if !keys.ids().any(|id| id == master) => format!("the key file {path} is not that of this instance"),
        (Ok(None), Database::External(_)) => format!("there is no key file at {path}, and other nodes have one"),
        _ => return key_file(config),
    };
    let why = "what this node would seal no other could read, so PiCloud does not start";
    Finding::error(CHECK, what, why, "copy the key file of a node that runs, or name its copy (secrets_key_file)")
}

/// What can be said without a database.
fn key_file(config: &Config) -> Finding {
    const CHECK: &str = "secrets";
    let path = config.secrets_key_file.display();
    match MasterKeys::read(&config.secrets_key_file) {
        Ok(Some(_)) => Finding::ok(CHECK, format!("the key file {path} can be read; whether it fits is seen with the database")),
        Ok(None) => Finding::warning(
            CHECK,
            format!("there is no key file at {path}"),
            "a new instance makes one; an old one needs its own",
            "if there were secrets, put the file back",
        ),
        Err(error) => {
            Finding::error(CHECK, format!("{:#}", anyhow::Error::new(error)), "PiCloud does not start without it", "see the reason")
        }
    }
}
