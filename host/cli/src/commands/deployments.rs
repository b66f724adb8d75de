//! `picloud deployments`: the history.

use serde_json::json;

use super::common::OfApp;
use crate::{environment::Environment, failure::Result, table, terminal::Terminal};

#[derive(Debug, clap::Args)]
pub struct DeploymentsArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// So many at most, 1 to 200
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    limit: u16,
}

pub(super) fn run(arguments: &DeploymentsArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    let listing = app.list(&["deployments"], arguments.limit, &[])?;
    table::show(terminal, &listing, &["number", "", "made", "by", "message"], |deployment| {
        let (number, author) = (table::cell(&deployment["number"]), &deployment["author"]);
        let active = if deployment["active"] == json!(true) { "active" } else { "" };
        vec![
            number,
            active.into(),
            table::time(&deployment["created_at"]),
            table::cell(&author["username"]),
            table::cell(&deployment["message"]),
        ]
    })
}
