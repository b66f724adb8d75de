//! Where an execution failed, as its developer knows it: with the file of the project, if there is one.

use serde_json::Value;

use crate::{failure::Place, project::Project};

/// The error of an execution: its message at the failing place, and below it the calls that led there.
pub(super) fn of_error(error: &Value, project: Option<&Project>) -> Vec<Place> {
    let message = error["message"].as_str().unwrap_or_default();
    let frames = error["trace"].as_array().map_or(&[][..], Vec::as_slice);
    let places = frames.iter().enumerate().map(|(depth, frame)| {
        let text = |field: &str| frame[field].as_str().map(str::to_owned);
        let message = self::message(depth, message, &text("function").unwrap_or_default());
        Place {
            file: file(&text("script").unwrap_or_default(), project),
            line: frame["line"].as_u64().unwrap_or(0),
            column: frame["column"].as_u64().unwrap_or(0),
            message,
            source_line: text("source_line"),
            caret: text("caret"),
        }
    });
    places.collect()
}

/// What is said at a place so many calls above the failing one.
pub(crate) fn message(depth: usize, message: &str, function: &str) -> String {
    match (depth, function) {
        (0, _) => message.to_owned(),
        (_, "") => "called from here".to_owned(),
        _ => format!("called from here, in {function}"),
    }
}

/// The script's file below the project's folder; its name where it has none.
pub(crate) fn file(script: &str, project: Option<&Project>) -> String {
    let found = project.and_then(|project| {
        let folders = [&project.file.scripts, &project.file.modules];
        let paths = folders.map(|folder| folder.join(format!("{script}.rhai")));
        paths.into_iter().find(|path| project.root.join(path).is_file())
    });
    found.map_or_else(|| script.to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_failing_place_comes_first() {
        let frame = |script, function, line| json!({ "script": script, "function": function, "line": line, "column": 5, "source_line": "throw 1;", "caret": "    ^" });
        let places = of_error(&json!({ "message": "no", "trace": [frame("money", "add", 3), frame("shop", "", 7)] }), None);
        let shown: Vec<String> = places.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["money:3:5: no\n  3 | throw 1;\n    |     ^", "shop:7:5: called from here\n  7 | throw 1;\n    |     ^"]);
    }
}
