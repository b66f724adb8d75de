//! `picloud.toml`. Routes, schedules and triggers have the form that the API has.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use toml::Spanned;

/// All that the file can say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Slug or id of the app.
    pub app: String,
    /// The instance, if it is not the one that is in use.
    pub url: Option<String>,
    /// Folder of the scripts that can be started; each `.rhai` file is one, named by its path.
    #[serde(default = "scripts")]
    pub scripts: PathBuf,
    /// Folder of the scripts that others import. It need not be there.
    #[serde(default = "modules")]
    pub modules: PathBuf,
    /// Folder of the files that static routes serve.
    pub assets: Option<PathBuf>,
    /// What answers which requests.
    #[serde(default)]
    pub routes: Vec<Spanned<Route>>,
    /// What is started when.
    #[serde(default)]
    pub schedules: Vec<Spanned<Trigger>>,
    /// What is started by what happens.
    #[serde(default)]
    pub triggers: Vec<Spanned<Trigger>>,
    /// What comes and goes with the code.
    #[serde(default)]
    pub settings: Settings,
}

/// A route: `script` or `static`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `/exact`, `/users/:id` or a prefix `/files/*`.
    pub path: String,
    /// Name of a script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Assets answer.
    #[serde(rename = "static", skip_serializing_if = "Option::is_none")]
    pub assets: Option<toml::Table>,
    /// Any if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Any of the app's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// A schedule or a trigger.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Unique among its like.
    pub name: String,
    /// Name of a script.
    pub script: String,
    /// What it waits for.
    pub on: toml::Table,
    /// How often a run is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<toml::Table>,
}

/// Settings of a deployment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Limits of an execution that are lower than the app's.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
}

fn scripts() -> PathBuf {
    "scripts".into()
}

fn modules() -> PathBuf {
    "modules".into()
}

impl File {
    /// # Errors
    /// Where, in bytes, if that is known, and what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, (Option<usize>, String)> {
        let file: Self = toml::from_str(text).map_err(|error| (error.span().map(|span| span.start), error.message().to_owned()))?;
        let folders = [("scripts", Some(&file.scripts)), ("modules", Some(&file.modules)), ("assets", file.assets.as_ref())];
        for (key, folder) in folders {
            if folder.is_some_and(|folder| !stays_below(folder)) {
                return Err((text.find(key), format!("`{key}` must be a folder below that of this file: a relative path without `..`")));
            }
        }
        Ok(file)
    }
}

fn stays_below(folder: &Path) -> bool {
    folder.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) && folder.components().next().is_some()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn what_is_misspelt_is_found_where_it_is() {
        let (at, message) = File::parse("app = 'a'\n[[routes]]\npath = '/'\nscirpt = 'x'\n").unwrap_err();
        assert!(at.unwrap() > 10 && message.contains("scirpt"), "{at:?} {message}");
        assert!(File::parse("[routes]").is_err() && File::parse("").unwrap_err().1.contains("app"));
    }

    #[test]
    fn no_folder_leads_out() {
        for folder in ["..", "a/../..", "/etc", ""] {
            let (_, message) = File::parse(&format!("app = 'a'\nassets = '{folder}'\n")).unwrap_err();
            assert!(message.contains("assets"), "{folder}: {message}");
        }
        assert_eq!(File::parse("app = 'a'\nassets = './web/public'\n").unwrap().scripts, Path::new("scripts"));
    }
}
