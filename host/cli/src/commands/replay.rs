//! `picloud replay`: an execution run again from its recording.

use serde_json::{Value, json};

use super::common::{self, Common};
use crate::{
    environment::Environment,
    failure::{Failure, Result},
    table::cell,
    terminal::{Terminal, harmless},
};

/// What is compared, and the field that says whether it was worth comparing.
const COMPARED: [(&str, &str, Option<&str>); 4] = [
    ("answer", "equal_result", None),
    ("log", "equal_logs", None),
    ("writes", "equal_effects", Some("comparable_effects")),
    ("fuel", "equal_fuel", Some("comparable_fuel")),
];

#[derive(Debug, clap::Args)]
pub struct ReplayArguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// The execution
    id: String,
    /// By the code of this deployment [default: the one that ran then]
    #[arg(long, value_name = "NUMBER")]
    deployment: Option<u32>,
}

pub(super) fn run(arguments: &ReplayArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let client = common::own_target(environment, &arguments.common)?.client(terminal)?;
    let replayed = client.post(&["executions", &arguments.id, "replay"], &json!({ "deployment": arguments.deployment }))?;
    let is_equal = replayed["equal"] == json!(true);
    if terminal.json {
        terminal.value(&replayed)?;
    } else {
        for (what, field, comparable) in COMPARED {
            let word = match (comparable.is_none_or(|field| replayed[field] == json!(true)), replayed[field] == json!(true)) {
                (false, _) => "not comparable",
                (true, true) => "the same",
                (true, false) => "different",
            };
            terminal.data(&format!("{what:<7} {word}"))?;
        }
        if !is_equal {
            both(&replayed, terminal)?;
        }
    }
    match is_equal {
        true => Ok(()),
        false => Err(Failure::failed(format!("by deployment {} it comes out otherwise", cell(&replayed["deployment"])))),
    }
}

fn both(replayed: &Value, terminal: &Terminal) -> Result<()> {
    for side in ["recorded", "replayed"] {
        let ended = &replayed[side];
        let answer = match &ended["answer"] {
            Value::Null => cell(&ended["message"]),
            answer => format!("{} {}", cell(&answer["status"]), cell(&answer["body"])),
        };
        terminal.data(&harmless(&format!("{side}: {} {answer} (fuel {})", cell(&ended["outcome"]), cell(&ended["fuel_used"]))))?;
    }
    if !replayed["divergence"].is_null() {
        let (expected, asked) = (&replayed["divergence"]["expected"], &replayed["divergence"]["asked"]);
        terminal.data(&harmless(&format!("first other call: {asked} instead of {expected}")))?;
    }
    Ok(())
}
