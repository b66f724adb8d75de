//! `cargo xtask performance`: docs/performance.md, of what one run of `make bench` wrote and of the text around it.
//!
//! In docs/performance: `report.json` and `machine.json` as the benchmark wrote them, `page.md` with the text and `{{places}}` for
//! figures and tables, `tried.md` with the history. Nobody writes a measured number into the page by hand: a test compares.

mod figure;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use figure::{Figure, HEADLINES, PARTS, all};
use serde_json::{Map, Value};

const FOLDER: &str = "docs/performance";
const PAGE: &str = "docs/performance.md";
const NOT_MEASURED: &str = "not measured";

/// Takes the last run of the benchmark over into docs/performance, and makes the page.
pub(crate) fn adopt(workspace: &Path) -> Result<()> {
    for file in ["report.json", "machine.json"] {
        let from = workspace.join("target/bench").join(file);
        fs::copy(&from, workspace.join(FOLDER).join(file))
            .with_context(|| format!("copying {}: run `make bench` first", from.display()))?;
    }
    fs::write(workspace.join(PAGE), page(workspace)?).with_context(|| format!("writing {PAGE}"))
}

/// The page as it should be.
fn page(workspace: &Path) -> Result<String> {
    let read = |file: &str| fs::read_to_string(workspace.join(FOLDER).join(file)).with_context(|| format!("reading {FOLDER}/{file}"));
    let object = |file: &str| serde_json::from_str::<Map<String, Value>>(&read(file)?).with_context(|| format!("{FOLDER}/{file}"));
    render(&read("page.md")?, &read("tried.md")?, &object("report.json")?, &object("machine.json")?)
}

/// Fills the places of a text.
fn render(text: &str, tried: &str, report: &Map<String, Value>, machine: &Map<String, Value>) -> Result<String> {
    if let Some(unknown) = report.keys().find(|key| all().all(|figure| figure.key != *key)) {
        bail!("the report has `{unknown}`, which host/xtask/src/performance/figure.rs does not describe: add it there");
    }
    let mut page = String::with_capacity(text.len() + tried.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").with_context(|| format!("`{{{{` without an end after: {before}"))?;
        page.push_str(before);
        page.push_str(&match place {
            "targets" => targets(report)?,
            "figures" => figures(report)?,
            "machine" => described(machine)?,
            "tried" => tried.trim_end().to_owned(),
            key => match all().find(|figure| figure.key == key) {
                Some(figure) => measured(figure, report)?,
                None => bail!("{FOLDER}/page.md has a place `{place}`, and no figure is called that"),
            },
        });
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

/// What was to be reached, and what was.
fn targets(report: &Map<String, Value>) -> Result<String> {
    let mut table = "| figure | what | measured | first target | second target | limit | reached |\n".to_owned();
    table.push_str("| --- | --- | --- | --- | --- | --- | --- |");
    for figure in HEADLINES {
        let bound = |index: usize| figure.targets.get(index).map_or_else(String::new, |bound| figure.unit.bound(*bound));
        let [first, second, limit] = [0, 1, 2].map(bound);
        let (key, what, measured) = (figure.key, figure.what, measured(figure, report)?);
        let reached = number(figure, report)?.map_or("", |number| reached(figure.targets, number));
        table.push_str(&format!("\n| `{key}` | {what} | **{measured}** | {first} | {second} | {limit} | {reached} |"));
    }
    Ok(table)
}

/// The hardest of the targets that a number keeps.
fn reached(targets: &[f64], number: f64) -> &'static str {
    match targets.iter().take_while(|target| number <= **target).count() {
        _ if targets.is_empty() => "",
        0 => "none",
        1 => "the first",
        2 => "the second",
        _ => "the limit",
    }
}

/// What the figures of the first table are made of.
fn figures(report: &Map<String, Value>) -> Result<String> {
    let mut table = "| figure | what | measured |\n| --- | --- | --- |".to_owned();
    for figure in PARTS {
        table.push_str(&format!("\n| `{}` | {} | {} |", figure.key, figure.what, measured(figure, report)?));
    }
    Ok(table)
}

/// Where the figures come from.
fn described(machine: &Map<String, Value>) -> Result<String> {
    let text = |key: &str| match machine.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Null) => Ok("not there".to_owned()),
        // Of an older run.
        None => Ok("not noted".to_owned()),
        Some(other) => bail!("{FOLDER}/machine.json says {other} for `{key}`: neither text nor number"),
    };
    let [date, processors, processor, memory] = [text("date")?, text("processors")?, text("processor")?, text("memory")?];
    let [kernel, postgresql, load] = [text("kernel")?, text("postgresql")?, text("load_before")?];
    let [workerd, wasmtime] = [text("workerd")?, text("wasmtime_serve")?];
    Ok(format!(
        "On {date}, with {processors} processors ({processor}) and {memory} of memory, {kernel}, {postgresql}. The machine's load was {load} before the run began \
         (0 is a machine that has nothing else to do). Workerd: {workerd}. Wasmtime's program: {wasmtime}."
    ))
}

fn measured(figure: &Figure, report: &Map<String, Value>) -> Result<String> {
    Ok(number(figure, report)?.map_or_else(|| NOT_MEASURED.to_owned(), |number| figure.unit.text(number)))
}

/// None if a peer could not be had.
fn number(figure: &Figure, report: &Map<String, Value>) -> Result<Option<f64>> {
    let Some(value) = report.get(figure.key) else { return Ok(None) };
    let number = value.as_f64();
    ensure!(number.is_some(), "`{}` of the report is {value}, and no number", figure.key);
    Ok(number)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use serde_json::json;

    use super::*;

    #[test]
    fn the_committed_page_of_performance_is_that_of_its_report() {
        let workspace = crate::workspace().unwrap();
        let wanted = page(&workspace).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(workspace.join(PAGE), &wanted).unwrap();
        }
        let committed = fs::read_to_string(workspace.join(PAGE)).unwrap();
        assert!(committed == wanted, "{PAGE} is not what {FOLDER} says; `make gen` makes it anew");
    }

    fn rendered(text: &str, report: Value) -> Result<String> {
        render(text, "Tried.\n", report.as_object().unwrap(), &Map::new())
    }

    #[test]
    fn places_are_filled_from_the_report() {
        let report = json!({ "cpu_us_per_request": 78.54 });
        assert_eq!(rendered("a {{cpu_us_per_request}} b {{tried}}!", report).unwrap(), "a 78.5 us b Tried.!");
    }

    #[test]
    fn what_nobody_measured_has_no_number() {
        let table = rendered("{{targets}}", json!({ "cpu_over_hyper": 4.0, "cpu_over_first_design": 0.9 })).unwrap();
        assert!(table.contains("| **4.00** | 5 | 3 | 2 | the first |"), "{table}");
        assert!(table.contains("| **0.90** | 0.8 | 0.6 | 0.4 | none |"), "{table}");
        assert!(table.contains("| **not measured** | 0.5 | 0.4 | 0.25 |  |"), "{table}");
    }

    #[test]
    fn an_unknown_name_is_an_error_that_says_which() {
        let wrong = |text: &str, report: Value| format!("{:#}", rendered(text, report).unwrap_err());
        assert!(wrong("{{speed}}", json!({})).contains("`speed`"));
        assert!(wrong("{{targets}}", json!({ "speed": 1 })).contains("`speed`"));
        assert!(wrong("{{targets", json!({})).contains("without an end"));
        assert!(wrong("{{targets}}", json!({ "cpu_over_hyper": "fast" })).contains("no number"));
    }
}
