//! The page `docs/cli.md`: made of the commands as clap knows them, and compared with the committed one.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, fmt::Write as _};

use clap::{Arg, Args as _, CommandFactory as _, Subcommand as _};

use super::Command;
use crate::config::{Arguments, reference};

const ABOUT: &str = "# The command line

One program is the instance and a client of it. As a client it does nothing that [the API](api.md) does not: `picloud login` keeps a key for it, and `picloud init` makes a folder whose `picloud.toml` the other commands find from below it.
This page is made of the program (`make gen`).

```sh
picloud init shop && cd shop
picloud dev
picloud login https://cloud.example.com
picloud deploy --create
```

Data goes to standard output, talk to standard error. What can't be undone is asked for on a terminal; without one it takes `--yes`.
";

const EXITS: &str = "
## How a command ends

| status | what it means |
| --- | --- |
| 0 | it is done |
| 1 | it is not: the message says what, where, why and what to do |
| 2 | the command, the project's file or a setting makes no sense |
| 3 | nobody is logged in, or he may not |
| 4 | there is no such thing |
| 5 | something else is in the way, or was changed in the meantime |

## Variables

| variable | what it is |
| --- | --- |
| `PICLOUD_URL` | the instance, before that of `picloud.toml` and the current login |
| `PICLOUD_TOKEN` | an API key for it, for machines where nobody logs in (`picloud keys create`); it takes `PICLOUD_URL` |
| `XDG_CONFIG_HOME` | logins are in `picloud/logins.toml` there; `~/.config` if it is not set |
| `XDG_CACHE_HOME` | `picloud dev` keeps the compiled sandbox there; `~/.cache` if it is not set |
| `NO_COLOR`, `CLICOLOR_FORCE` | no colours; colours even where there is no terminal |

The settings of `picloud serve` have variables too: [to configure](operate/configure.md).
";

/// A command with the words before it.
fn leaves(command: &clap::Command) -> Vec<&clap::Command> {
    let below: Vec<_> = command.get_subcommands().filter(|below| below.get_name() != "help").flat_map(leaves).collect();
    if below.is_empty() { vec![command] } else { below }
}

/// As Markdown takes it: what is no code has no signs in it.
fn plain(text: &str) -> String {
    let escaped = |(at, piece): (usize, &str)| if at % 2 == 0 { piece.replace('*', "\\*").replace('<', "\\<") } else { piece.to_owned() };
    text.split('`').enumerate().map(escaped).collect::<Vec<_>>().join("`").replace('|', "\\|")
}

/// How it is written, and what it is.
fn row(argument: &Arg) -> String {
    let values = || argument.get_value_names().unwrap_or_default().join("> <");
    let mut names: Vec<String> = argument.get_short().map(|short| format!("-{short}")).into_iter().collect();
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    let mut name = if names.is_empty() { format!("<{}>", values()) } else { names.join(", ") };
    if !names.is_empty() && argument.get_action().takes_values() {
        write!(name, " <{}>", values()).unwrap();
    }
    let mut about = plain(&argument.get_help().map(ToString::to_string).unwrap_or_default());
    let words: Vec<String> = argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if argument.get_action().takes_values() && !words.is_empty() {
        about = format!("{about}{}{}", if about.is_empty() { "" } else { ": " }, words.join(", "));
    }
    if let [default] = argument.get_default_values()
        && argument.get_action().takes_values()
    {
        write!(about, " [default: {}]", default.to_str().unwrap()).unwrap();
    }
    format!("| `{name}` | {about} |\n")
}

fn flags_shown<'a>(command: &'a clap::Command, common: &'a [Arg], settings: &BTreeSet<String>) -> (Vec<&'a Arg>, bool) {
    let is_common = |flag: &Arg| common.iter().any(|other| other.get_id() == flag.get_id() && other.get_help() == flag.get_help());
    let has_settings = command.get_arguments().any(|flag| flag.get_id() == "bind");
    let shown = command.get_arguments().filter(|flag| !is_common(flag));
    (shown.filter(|flag| !has_settings || !settings.contains(flag.get_id().as_str())).collect(), has_settings)
}

fn section(command: &clap::Command, common: &[Arg], settings: &BTreeSet<String>) -> String {
    let usage = command.clone().render_usage().to_string();
    let (name, about) = (command.get_bin_name().unwrap(), plain(&command.get_about().unwrap().to_string()));
    let mut text = format!("\n### `{name}`\n\n{about}.\n\n```text\n{}\n```\n", usage.trim_start_matches("Usage: "));
    let (shown, has_settings) = flags_shown(command, common, settings);
    if !shown.is_empty() {
        text.push_str("\n| argument | what it is |\n| --- | --- |\n");
        text.extend(shown.into_iter().map(row));
    }
    if has_settings {
        text.push_str("\nIt takes [the settings](operate/configure.md) as flags.\n");
    }
    text
}

fn page() -> String {
    let mut program = Command::command();
    program.build();
    let client = cli::Command::augment_subcommands(clap::Command::new("picloud"));
    let of_client: BTreeSet<&str> = client.get_subcommands().map(clap::Command::get_name).chain(["dev"]).collect();
    let settings = Arguments::augment_args(clap::Command::new("picloud")).get_arguments().map(|flag| flag.get_id().to_string()).collect();
    // Every command about an app has these.
    let common_ids = ["app", "json", "verbose", "context", "dev", "help", "version"];
    let example = program.find_subcommand("deployments").unwrap();
    let common: Vec<Arg> = example.get_arguments().filter(|flag| common_ids.contains(&flag.get_id().as_str())).cloned().collect();
    assert_eq!(common.len(), common_ids.len());

    let mut text = format!("{ABOUT}\n## Flags of all that are clients\n\n| flag | what it is |\n| --- | --- |\n");
    text.extend(common.iter().map(row));
    text.push_str("\n`--app` is a flag of those that are about an app.\n");
    text.push_str(EXITS);
    let all = || program.get_subcommands().filter(|command| command.get_name() != "help");
    for (head, are_of_client) in [("As a client", true), ("On the machine of an instance", false)] {
        write!(text, "\n## {head}\n").unwrap();
        let commands = all().filter(|command| of_client.contains(command.get_name()) == are_of_client);
        text.extend(commands.flat_map(leaves).map(|command| section(command, &common, &settings)));
    }
    text
}

#[test]
fn the_committed_page_of_commands_is_complete() {
    reference::committed("cli.md", &page());
}
