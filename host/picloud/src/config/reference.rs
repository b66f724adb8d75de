//! The page `docs/operate/configure.md`: made of the settings, and compared with what flags and file really have.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, path::Path};

use clap::{Arg, Args as _};

use super::{
    Arguments,
    file::{EgressTable, File, TelemetryTable},
    settings::{self, Number, Setting},
};

const ABOUT: &str = "# To configure

Every setting is found at four places, and the first that has it wins: flag, environment variable, key of the TOML file that `--config` names (or `PICLOUD_CONFIG`; the package's service reads `/etc/picloud/picloud.toml`),
default. What is wrong is said with its name, and nothing starts; so is a key of the file that does not exist. A variable that begins with `PICLOUD_` and that nothing reads is told at the start. Settings are read at the start only:

```sh
picloud config check
picloud doctor
```

The first says what all of it comes to, the second whether the machine is fit for it. With several nodes `host`, `base_domain`, `database_url`, what is in the key file, `[limits]` and `[egress]` have to be the same on all.
This page is made of the program (`make gen`).
";

const TABLES: &str = "
## In the file only

Who may change what apps reach, and what is told about them, has to have the machine. `[egress]` and `[telemetry]` are tables of the file, `egress.deny` is the key `deny` of the first.
";

const LIMITS: &str = "
The table `[limits]` lowers what any app can be given, by the names of [the limits](../reference/limits.md): `concurrency = 16`, say. No value may be beyond the ceiling there.
";

const VARIABLES: &str = "
## Variables of others

`PATH` is where the programs of the private PostgreSQL are looked for, before the usual places of packages. `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are how systemd tells that it wants to hear of the process (`Type=notify`, `WatchdogSec=`).
";

/// What those are for that have no flag, which would say so.
const WITHOUT_FLAG: &[(&str, &str)] = &[
    ("admin_password", "Password of the first owner of a new instance. A flag would show it to every user of the machine"),
    ("egress.allow_private", "Networks that are not public and that apps may call all the same"),
    ("egress.deny", "Networks and hosts that no app may call"),
    ("telemetry.otlp_endpoint", "A collector of OpenTelemetry (OTLP over HTTP) that gets traces of executions"),
    ("telemetry.sample_ratio", "The share of executions that is told to it"),
    ("telemetry.trust_parent", "Whether a trusted proxy's `traceparent` decides that instead"),
];

/// Those whose values are taken as they are.
const UNCHECKED: &[Setting] = &[
    Setting { key: "database_url", default: "a private PostgreSQL", expected: "postgres://user:password@host/name" },
    Setting { key: "admin_password", default: "a random one, shown once", expected: "a password" },
    Setting { key: "telemetry.trust_parent", default: "false", expected: "true or false" },
];

/// What a row of the page says.
struct Row {
    key: &'static str,
    default: String,
    expected: String,
}

fn rows() -> Vec<Row> {
    let text = |&Setting { key, default, expected }: &Setting| Row { key, default: default.into(), expected: expected.into() };
    let number = |&Number { key, default, min, max, unit }: &Number| Row {
        key,
        default: format!("{default} {unit}"),
        expected: format!("{min} to {max} {unit}"),
    };
    settings::TEXTS.iter().chain(UNCHECKED).map(text).chain(settings::NUMBERS.iter().map(number)).collect()
}

/// The flags, by their keys.
fn flags() -> Vec<(String, Arg)> {
    let command = Arguments::augment_args(clap::Command::new("picloud"));
    command.get_arguments().map(|flag| (flag.get_id().to_string(), flag.clone())).filter(|(key, _)| key != "config").collect()
}

/// Names of a table's keys: what the parser says when it meets one that it does not know.
fn keys_of<T: serde::de::DeserializeOwned>() -> BTreeSet<String> {
    let told = toml::from_str::<T>("'?' = 1").err().unwrap().to_string();
    let (_, names) = told.split_once("expected ").unwrap();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn page() -> String {
    let flags = flags();
    let (mut both, mut file_only) = (String::new(), String::new());
    for Row { key, default, expected } in rows() {
        let flag = flags.iter().find(|(flag, _)| flag == key);
        let about = match flag {
            Some((_, flag)) => flag.get_help().unwrap().to_string(),
            None => WITHOUT_FLAG.iter().find(|(other, _)| *other == key).unwrap().1.to_owned(),
        };
        // The default has a column.
        let about = about.split(" [default").next().unwrap();
        let cells = format!("{default} | {expected} | {about} |\n");
        let variable = || format!("PICLOUD_{}", key.to_uppercase());
        match flag {
            Some((_, flag)) => both.push_str(&format!("| `{key}` | `--{}` | `{}` | {cells}", flag.get_long().unwrap(), variable())),
            None if key.contains('.') => file_only.push_str(&format!("| `{key}` | {cells}")),
            None => both.push_str(&format!("| `{key}` | none | `{}` | {cells}", variable())),
        }
    }
    let head = "\n| key | flag | variable | default | value | what it is |\n| --- | --- | --- | --- | --- | --- |\n";
    let short_head = "\n| key | default | value | what it is |\n| --- | --- | --- | --- |\n";
    format!("{ABOUT}\n## Settings\n{head}{both}{TABLES}{short_head}{file_only}{LIMITS}{VARIABLES}")
}

/// Holds a page of `docs/` against what it is made of, or renews it.
pub(crate) fn committed(name: &str, page: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    #[expect(clippy::disallowed_methods, reason = "the only way to tell a test that it should write")]
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&file, page).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap_or_default() == page,
        "docs/{name} is not what the program says. Run this test again with UPDATE=1 to rewrite it, and commit it."
    );
}

#[test]
fn the_committed_page_of_settings_is_complete() {
    committed("operate/configure.md", &page());
}

#[test]
fn every_key_of_flags_and_file_is_declared() {
    let declared: BTreeSet<String> = rows().iter().map(|row| row.key.to_owned()).collect();
    let top = keys_of::<File>().into_iter().filter(|key| !["egress", "telemetry", "limits"].contains(&key.as_str()));
    let below = |table: &'static str, keys: BTreeSet<String>| keys.into_iter().map(move |key| format!("{table}.{key}"));
    let in_file: BTreeSet<String> =
        top.chain(below("egress", keys_of::<EgressTable>())).chain(below("telemetry", keys_of::<TelemetryTable>())).collect();
    assert_eq!(in_file, declared);
    for (key, flag) in flags() {
        assert!(declared.contains(&key), "{key}");
        assert_eq!(flag.get_env().and_then(|name| name.to_str()), Some(format!("PICLOUD_{}", key.to_uppercase()).as_str()));
    }
}

#[test]
fn what_help_says_of_a_default_or_range_is_so() {
    let told = |key: &str| flags().into_iter().find(|(flag, _)| flag == key).map(|(_, flag)| flag.get_help().unwrap().to_string());
    for Setting { key, default, .. } in settings::TEXTS {
        let Some((_, shown)) = told(key).and_then(|told| told.split_once("[default: ").map(|(a, b)| (a.to_owned(), b.to_owned()))) else {
            continue;
        };
        assert!(shown.strip_suffix(']').unwrap().trim_start_matches("./").starts_with(default), "{key}: {shown}");
    }
    for Number { key, default, min, max, .. } in settings::NUMBERS {
        assert!(told(key).unwrap().contains(&format!(", {min} to {max} [default: {default}]")), "{key}");
    }
}
