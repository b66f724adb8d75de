//! What projects begin with. Each is a folder beside this file, embedded; in its picloud.toml `{app}` stands for the slug.

use crate::failure::{Exit, Failure, Result};

/// A project to begin with.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: &'static str,
    /// In one line.
    pub(crate) about: &'static str,
    /// Path and text.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

/// What every project has besides.
pub(crate) const GITIGNORE: &str = ".gitignore";

macro_rules! template {
    ($name:literal, $about:literal, $($path:literal)+) => {
        Template { name: $name, about: $about, files: &[$(($path, include_str!(concat!($name, "/", $path)))),+, (GITIGNORE, include_str!("gitignore"))] }
    };
}

/// All there are.
pub(crate) const ALL: &[Template] = &[
    template!("hello", "one script with two routes: the least that answers", "picloud.toml" "scripts/hello.rhai"),
    template!("api", "a JSON API: notes that are listed, made, read, changed and removed",
        "picloud.toml" "scripts/notes.rhai" "scripts/note.rhai" "modules/notebook.rhai"),
    template!("webhook", "takes signed webhooks, each delivery once, and works on them in the background",
        "picloud.toml" "scripts/receive.rhai" "scripts/work.rhai" "scripts/events.rhai"),
    template!("report", "counts what happens, and writes a report of it every morning",
        "picloud.toml" "scripts/hit.rhai" "scripts/report.rhai" "scripts/latest.rhai"),
    template!("links", "a link shortener that counts",
        "picloud.toml" "scripts/shorten.rhai" "scripts/follow.rhai" "scripts/count.rhai"),
    template!("guestbook", "static pages with a guest book whose entries appear at once everywhere",
        "picloud.toml" "scripts/entries.rhai" "scripts/token.rhai"
        "public/index.html" "public/404.html" "public/style.css" "public/guestbook.js"),
];

/// The template of this name.
///
/// # Errors
/// There is none; those that there are are named.
pub(crate) fn named(name: &str) -> Result<&'static Template> {
    ALL.iter().find(|template| template.name == name).ok_or_else(|| {
        let all: Vec<&str> = ALL.iter().map(|template| template.name).collect();
        Failure::new(Exit::Usage, format!("there is no template `{name}`; there is: {}", all.join(", "))).next("picloud init --list")
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use std::fs;

    use super::*;
    use crate::project::Project;

    #[test]
    fn every_template_is_a_project_with_a_script_for_each_route() {
        for template in ALL {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in template.files {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text.replace("{app}", "shop")).unwrap();
            }
            let project = Project::read(folder.path()).unwrap();
            let contents = project.contents().unwrap();
            assert_eq!(project.file.app, "shop");
            for route in project.file.routes.iter().map(toml::Spanned::get_ref) {
                let is_there = route.script.as_ref().is_none_or(|name| contents.scripts.iter().any(|script| script.name == *name));
                assert!(is_there, "{}: {route:?}", template.name);
            }
        }
    }
}
