//! What was answered: a line each, the lines that the script logged below it, and where it failed.

use std::{path::Path, time::Duration};

use serde::Serialize;
use serde_json::json;

use super::Event;
use crate::{
    commands::place,
    failure::{Place, Result},
    project::Project,
    terminal::{Terminal, harmless},
};

/// An execution.
#[derive(Debug, Serialize)]
pub struct Ran {
    /// `http`, `queue`, `schedule`, `trigger` or `test`.
    pub kind: &'static str,
    pub script: String,
    /// Empty if nothing was requested.
    pub method: String,
    pub path: String,
    /// `None`: nobody sees an answer.
    pub status: Option<u16>,
    /// `ok` or the kind of failure.
    pub outcome: &'static str,
    pub fuel: u64,
    /// How often it was run: others changed what it had read.
    pub attempts: u32,
    pub took: Duration,
    pub lines: Vec<Line>,
    /// Lines above the limit.
    pub lines_dropped: u64,
    pub error: Option<Error>,
}

/// A line that a script logged.
#[derive(Debug, Serialize)]
pub struct Line {
    pub level: &'static str,
    pub message: String,
    /// A JSON object.
    pub fields: Option<String>,
}

/// Why it failed.
#[derive(Debug, Serialize)]
pub struct Error {
    pub message: String,
    /// Innermost first.
    pub frames: Vec<Frame>,
}

/// A place in a script. Line and column are 1-based; 0 if unknown.
#[derive(Debug, Serialize)]
pub struct Frame {
    pub script: String,
    /// Empty at the top level.
    pub function: String,
    pub line: u32,
    pub column: u32,
}

/// A request that ran nothing.
#[derive(Debug, Serialize)]
pub struct Answered {
    pub method: String,
    pub path: String,
    pub status: u16,
    /// `None`: it is an asset.
    pub refusal: Option<String>,
    pub took: Duration,
}

/// Prints it. What can't be printed is lost: nobody reads it.
pub(super) fn event(event: &Event, root: &Path, terminal: &Terminal) {
    let _is_lost = match event {
        Event::Ran(ran) if terminal.json => terminal.line(&json!({ "event": "ran", "execution": ran })),
        Event::Answered(answered) if terminal.json => terminal.line(&json!({ "event": "answered", "request": answered })),
        Event::Ran(ran) => self::ran(ran, root, terminal),
        Event::Answered(answered) => self::answered(answered, terminal),
    };
}

fn ran(ran: &Ran, root: &Path, terminal: &Terminal) -> Result<()> {
    let (what, which) = if ran.method.is_empty() { (ran.kind, &ran.script) } else { (ran.method.as_str(), &ran.path) };
    let again = if ran.attempts > 1 { format!("  run {} times", ran.attempts) } else { String::new() };
    let failed = if ran.outcome == "ok" { String::new() } else { format!("  {}", terminal.paint("31", ran.outcome)) };
    let rest = format!("{:>12} fuel  {}{again}{failed}", grouped(ran.fuel), time(ran.took));
    terminal.data(&line(what, which, ran.status, &rest, terminal))?;
    for logged in &ran.lines {
        let fields = logged.fields.as_deref().map(|fields| format!("  {}", harmless(fields))).unwrap_or_default();
        let level = terminal.paint(level_color(logged.level), &format!("{:>5}", logged.level));
        terminal.data(&format!("  {level}  {}{fields}", harmless(&logged.message)))?;
    }
    if ran.lines_dropped > 0 {
        terminal.data(&format!("  and {} lines more than the limit keeps", grouped(ran.lines_dropped)))?;
    }
    let Some(error) = &ran.error else { return Ok(()) };
    let places = places(error, root);
    if places.is_empty() {
        return terminal.data(&format!("  {}", harmless(&error.message)));
    }
    let lines = places.iter().map(ToString::to_string).flat_map(|place| place.lines().map(harmless).collect::<Vec<_>>());
    lines.into_iter().try_for_each(|line| terminal.data(&format!("  {line}")))
}

fn answered(answered: &Answered, terminal: &Terminal) -> Result<()> {
    let rest = format!("{}  {}", answered.refusal.as_deref().map_or_else(|| "asset".to_owned(), harmless), time(answered.took));
    terminal.data(&line(&answered.method, &answered.path, Some(answered.status), &rest, terminal))
}

fn line(what: &str, which: &str, status: Option<u16>, rest: &str, terminal: &Terminal) -> String {
    let color = match status {
        Some(500..) => "31",
        Some(400..) => "33",
        Some(_) => "32",
        None => "",
    };
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    format!("{:<8} {:<32} {:>3}  {rest}", harmless(what), harmless(which), terminal.paint(color, &format!("{status:>3}")))
}

fn level_color(level: &str) -> &'static str {
    match level {
        "error" => "31",
        "warn" => "33",
        "info" => "36",
        _ => "2",
    }
}

/// The failing place with its line as it is in the file now, and below it the calls that led there.
fn places(error: &Error, root: &Path) -> Vec<Place> {
    let project = Project::read(root).ok();
    let places = error.frames.iter().enumerate().map(|(depth, frame)| {
        let file = place::file(&frame.script, project.as_ref());
        let source = std::fs::read_to_string(root.join(&file)).unwrap_or_default();
        let source_line = usize::try_from(frame.line).ok().and_then(|line| source.lines().nth(line.checked_sub(1)?)).map(str::to_owned);
        let caret = source_line.as_ref().filter(|_| frame.column > 0).map(|_| format!("{}^", " ".repeat(frame.column as usize - 1)));
        let message = place::message(depth, &error.message, &frame.function);
        Place { file, line: frame.line.into(), column: frame.column.into(), message, source_line, caret }
    });
    places.collect()
}

fn time(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

/// With a comma at each thousand.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (118_700, "118,700"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
