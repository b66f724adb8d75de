//! `picloud init`: a folder that can be run and deployed as it is.

use std::{fs, path::PathBuf};

use serde_json::json;

use super::common::Common;
use crate::{
    environment::Environment,
    failure::{Exit, Failure, Result},
    project::FILE_NAME,
    table,
    templates::{self, GITIGNORE, Template},
    terminal::Terminal,
};

/// Longest slug.
const SLUG_CHARS_MAX: usize = 40;
/// What an app is called whose folder has no letter.
const SLUG_DEFAULT: &str = "app";

#[derive(Debug, clap::Args)]
pub struct InitArguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// The folder, made if it is not there [default: this one]
    directory: Option<PathBuf>,
    /// What to begin with (`--list` shows what there is)
    #[arg(long, value_name = "NAME", default_value = "hello")]
    template: String,
    /// Slug of the app [default: the folder's name]
    #[arg(long, value_name = "SLUG")]
    app: Option<String>,
    /// Only list the templates
    #[arg(long)]
    list: bool,
}

pub(super) fn run(arguments: &InitArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    if arguments.list {
        let items = templates::ALL.iter().map(|template| json!({ "name": template.name, "about": template.about }));
        return table::show(terminal, &json!({ "items": items.collect::<Vec<_>>() }), &["template", "what it is"], |item| {
            vec![table::cell(&item["name"]), table::cell(&item["about"])]
        });
    }
    let template = templates::named(&arguments.template)?;
    let folder = arguments.directory.as_ref().map_or_else(|| environment.directory.clone(), |folder| environment.directory.join(folder));
    let slug = arguments.app.clone().unwrap_or_else(|| slug_of(&folder.file_name().unwrap_or_default().to_string_lossy()));
    write(template, &folder, &slug)?;
    if terminal.json {
        return terminal.value(&json!({ "app": slug, "template": template.name, "directory": folder.display().to_string() }));
    }
    terminal.tell(&format!("Made the app `{slug}` in {}:", folder.display()));
    template.files.iter().try_for_each(|(name, _)| terminal.data(name))?;
    let enter = arguments.directory.as_ref().map(|directory| format!("cd {} && ", directory.display())).unwrap_or_default();
    terminal.tell(&format!("  {} {enter}picloud dev", terminal.bold("next:")));
    Ok(())
}

/// Nothing is written over, and nothing is written if one file is there already.
fn write(template: &Template, folder: &std::path::Path, slug: &str) -> Result<()> {
    // What is there says what to ignore itself.
    let is_in_the_way = |name: &str| name != GITIGNORE && folder.join(name).exists();
    if let Some((name, _)) = template.files.iter().find(|(name, _)| is_in_the_way(name)) {
        let what = format!("{} is there already", folder.join(name).display());
        return Err(Failure::new(Exit::Conflict, what).next("choose another folder: picloud init FOLDER"));
    }
    for (name, text) in template.files {
        let path = folder.join(name);
        if path.exists() {
            continue;
        }
        let text = if *name == FILE_NAME { text.replace("{app}", slug) } else { (*text).to_owned() };
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| Failure::file("make", parent, &error))?;
        fs::write(&path, text).map_err(|error| Failure::file("write", &path, &error))?;
    }
    Ok(())
}

/// A folder's name as a slug: what no slug has becomes one `-`.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for character in name.to_ascii_lowercase().chars() {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(SLUG_CHARS_MAX);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { SLUG_DEFAULT.to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_name() {
        for (name, slug) in [("shop", "shop"), ("My Shop (2)", "my-shop-2"), ("_.", "app"), ("a--b", "a-b"), ("Grüße", "gr-e")] {
            assert_eq!(slug_of(name), slug, "{name}");
        }
        assert_eq!(slug_of(&"x".repeat(50)).len(), SLUG_CHARS_MAX);
    }
}
