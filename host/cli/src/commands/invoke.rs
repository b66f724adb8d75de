//! `picloud invoke`: a script called by its name.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    time::Duration,
};

use http::{HeaderName, Method, header};
use serde_json::{Value, json};

use super::{
    common::{App, OfApp},
    place,
};
use crate::{
    api::{Answer, Problem, Sent},
    environment::Environment,
    failure::{Exit, Failure, Result},
    terminal::Terminal,
};

/// Names the execution in the answer; only what a script answered has it.
const EXECUTION_ID: &str = "picloud-execution-id";
/// An execution can be read within a second of its end; after so many looks, a tenth of a second apart, nobody waits for it.
const LOOKS: u32 = 30;

#[derive(Debug, clap::Args)]
pub struct InvokeArguments {
    #[command(flatten)]
    pub(super) of: OfApp,
    /// The script's name
    script: String,
    /// The body: a text, @FILE, or - for standard input
    #[arg(long, short, value_name = "DATA")]
    data: Option<String>,
    /// A header field, as `Name: value`; without a Content-Type the body is JSON if it looks like it
    #[arg(long, short = 'H', value_name = "FIELD")]
    header: Vec<String>,
    /// A parameter of the query, as `name=value`
    #[arg(long, short, value_name = "PARAMETER")]
    query: Vec<String>,
}

pub(super) fn run(arguments: &InvokeArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let app = arguments.of.open(environment, terminal)?;
    let body = body(arguments.data.as_deref())?;
    let mut headers = arguments.header.iter().map(|field| header_field(field)).collect::<Result<Vec<_>>>()?;
    if !body.is_empty() && !headers.iter().any(|(name, _)| name == header::CONTENT_TYPE) {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
        headers.push((header::CONTENT_TYPE, if is_json { "application/json" } else { "text/plain; charset=utf-8" }));
    }
    let query = arguments.query.iter().map(|parameter| parameter.split_once('=').unwrap_or((parameter, ""))).collect::<Vec<_>>();
    let id = app.script_id(&arguments.script)?;
    let answer = app.client.send(&Method::POST, &["execute", &id], Sent { query: &query, headers: &headers, body: body.into() })?;
    let execution = answer.headers.get(EXECUTION_ID).and_then(|value| value.to_str().ok());
    let Some(execution) = execution else { return Err(failed(&app, &answer)) };
    if terminal.json {
        let fields = answer.headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
        let (headers, body) = (fields.collect::<Vec<_>>(), String::from_utf8_lossy(&answer.body));
        return terminal.value(&json!({ "status": answer.status.as_u16(), "headers": headers, "body": body, "execution_id": execution }));
    }
    terminal.tell(&format!("{}, execution {execution}", answer.status));
    terminal.bytes(&answer.body)
}

fn body(data: Option<&str>) -> Result<Vec<u8>> {
    match data {
        None => Ok(Vec::new()),
        Some("-") => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map(|_| bytes).map_err(|error| Failure::failed(format!("could not read from standard input: {error}")))
        }
        Some(text) => match text.strip_prefix('@') {
            Some(path) => fs::read(path).map_err(|error| Failure::file("read", Path::new(path), &error)),
            None => Ok(text.as_bytes().to_vec()),
        },
    }
}

fn header_field(field: &str) -> Result<(HeaderName, &str)> {
    let wrong = || Failure::usage(format!("`{field}` is no header field")).next("it looks like `X-Name: value`");
    let (name, value) = field.split_once(':').ok_or_else(wrong)?;
    Ok((name.trim().parse().map_err(|_| wrong())?, value.trim()))
}

/// A refusal, or an execution that failed: then with the place.
fn failed(app: &App<'_>, answer: &Answer) -> Failure {
    let failure = app.client.refused(answer);
    let Some(Problem { title, execution_id: Some(id), .. }) = Problem::of(answer) else { return failure };
    let Some(row) = row(app, &id) else { return failure };
    let places = place::of_error(&row["error"], app.project.as_ref());
    let what = if places.is_empty() { format!("{title}: {}", row["error"]["message"].as_str().unwrap_or_default()) } else { title };
    places.into_iter().fold(Failure { what, ..failure }, Failure::at)
}

/// The execution, which is written down after the answer has left.
fn row(app: &App<'_>, id: &str) -> Option<Value> {
    for _ in 0..LOOKS {
        match app.client.get(&["executions", id], &[]) {
            Ok(row) => return Some(row),
            Err(failure) if failure.exit == Exit::NotFound => app.client.wait(Duration::from_millis(100)),
            Err(_) => return None,
        }
    }
    None
}
