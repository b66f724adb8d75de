//! Lists for people: columns as wide as what is in them.

use serde_json::Value;

use crate::{
    failure::Result,
    terminal::{Terminal, harmless},
};

/// Widest column but the last, in characters.
const WIDTH_MAX: usize = 48;

/// Shows a list: its JSON if that was asked for, else a table with these heads. An empty list says so on standard error.
pub(crate) fn show(terminal: &Terminal, listing: &Value, heads: &[&str], row: impl Fn(&Value) -> Vec<String>) -> Result<()> {
    if terminal.json {
        return terminal.value(listing);
    }
    let rows: Vec<Vec<String>> = listing["items"].as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        terminal.tell("(none)");
        return Ok(());
    }
    let heads: Vec<String> = heads.iter().map(|head| head.to_uppercase()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).min(WIDTH_MAX)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    terminal.data(&terminal.paint("1", &line(&heads, &widths)))?;
    rows.iter().try_for_each(|row| terminal.data(&line(row, &widths)))
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let last = cells.len().saturating_sub(1);
    let mut text = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        text.push_str(&harmless(cell));
        if at < last {
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
    }
    text.trim_end().to_owned()
}

/// A field as a cell: texts without quotes, nothing for null.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A time of the API to the second.
pub(crate) fn time(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let seconds = text.split_once('.').map_or_else(|| text.trim_end_matches('Z'), |(seconds, _)| seconds);
    format!("{}Z", seconds.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
        assert_eq!(line(&row(["1", "ab", "c"]), &[3, 2, 1]), "1    ab  c");
        assert_eq!(line(&row(["1", "", ""]), &[3, 2, 1]), "1");
        assert_eq!(time(&Value::from("2026-03-01T10:20:30.123456Z")), "2026-03-01 10:20:30Z");
        assert_eq!(time(&Value::from("2026-03-01T10:20:30Z")), "2026-03-01 10:20:30Z");
    }
}
