//! What commands have in common: flags, and from them the instance, the key and the app.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{lookup, pages};
use crate::{
    api::{Client, instance_url},
    contexts::{Context, Contexts},
    dev,
    environment::Environment,
    failure::{Exit, Failure, Result},
    project::{Project, ProjectError},
    terminal::Terminal,
};

/// Flags of every command.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Common {
    /// Print the API's JSON instead of a text for people
    #[arg(long)]
    pub(super) json: bool,
    /// Show what is sent to the instance and what comes back, without secrets
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Use the login of this name (`picloud context list`)
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
    /// Use the instance that `picloud dev` runs in this project
    #[arg(long, conflicts_with = "context")]
    pub(super) dev: bool,
}

/// Flags of every command about an app.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct OfApp {
    #[command(flatten)]
    pub(super) common: Common,
    /// Slug or id of the app [default: that of picloud.toml]
    #[arg(long, value_name = "APP")]
    pub(super) app: Option<String>,
}

/// An instance, and the credential for it.
pub(super) struct Target {
    /// Scheme, host and port.
    pub(super) url: String,
    pub(super) key: Option<String>,
    /// Name of the stored login that this is; `None`: it comes from the environment, or there is none.
    pub(super) context: Option<String>,
}

/// An app at an instance, and a client that reaches it.
pub(crate) struct App<'a> {
    pub(crate) client: Client<'a>,
    pub(crate) slug: String,
    pub(crate) project: Option<Project>,
}

/// Which instance, and as whom: `--dev` or `--context`, then the environment, then the project's `url`, then the current login.
pub(super) fn target(environment: &Environment, common: &Common, project: Option<&Project>) -> Result<Target> {
    if common.dev {
        let project = project.ok_or_else(|| Failure::from(ProjectError::None { from: environment.directory.clone() }))?;
        let Context { url, key, .. } = dev::key(&project.root)?;
        return Ok(Target { url, key: Some(key), context: None });
    }
    let contexts = Contexts::load(environment)?;
    let stored = |name: &str| -> Result<Target> {
        let context = contexts.named(name)?;
        Ok(Target { url: context.url.clone(), key: Some(context.key.clone()), context: Some(name.to_owned()) })
    };
    if let Some(name) = &common.context {
        return stored(name);
    }
    let at = |url: &str| -> Result<Target> {
        let url = instance_url(url)?.origin().ascii_serialization();
        let (context, key) = contexts.at(&url).map(|(name, context)| (name.to_owned(), context.key.clone())).unzip();
        Ok(Target { url, key, context })
    };
    match (&environment.url, &environment.token) {
        (Some(url), Some(token)) => return Ok(Target { key: Some(token.clone()), context: None, ..at(url)? }),
        (Some(url), None) => return at(url),
        // A project of somebody else must not choose who gets the key.
        (None, Some(_)) => {
            return Err(Failure::usage("PICLOUD_TOKEN is set, and PICLOUD_URL is not: no one says what instance the key is for")
                .next("set PICLOUD_URL to the instance's address"));
        }
        (None, None) => {}
    }
    if let Some(url) = project.and_then(|project| project.file.url.as_deref()) {
        return at(url);
    }
    contexts.current.as_deref().map_or_else(|| Err(logged_out("you are not logged in anywhere", "")), stored)
}

/// The same for a command that is about no project: one that is in the way and wrong is looked at only if it could decide.
pub(super) fn own_target(environment: &Environment, common: &Common) -> Result<Target> {
    let is_decided = common.context.is_some() || environment.url.is_some();
    let project = if is_decided { None } else { project(environment)? };
    target(environment, common, project.as_ref())
}

/// Nobody is logged in.
fn logged_out(what: &str, url: &str) -> Failure {
    let url = if url.is_empty() { "https://cloud.example.com" } else { url };
    Failure::new(Exit::Auth, what).next(format!("picloud login {url}, or set PICLOUD_URL and PICLOUD_TOKEN"))
}

impl Target {
    /// A client with the key.
    ///
    /// # Errors
    /// There is no key for this instance.
    pub(super) fn client<'a>(&self, terminal: &'a Terminal) -> Result<Client<'a>> {
        let key = self.key.clone().ok_or_else(|| logged_out(&format!("you are not logged in at {}", self.url), &self.url))?;
        Client::new(&self.url, Some(key), terminal)
    }
}

/// The project that the program was started in, if there is one.
///
/// # Errors
/// There is one, and it is wrong.
pub(super) fn project(environment: &Environment) -> Result<Option<Project>> {
    match Project::find(&environment.directory) {
        Ok(project) => Ok(Some(project)),
        Err(ProjectError::None { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl OfApp {
    /// The app, and how to reach it. Nothing is sent yet.
    pub(super) fn open<'a>(&self, environment: &Environment, terminal: &'a Terminal) -> Result<App<'a>> {
        let project = project(environment)?;
        let slug = self.app.clone().or_else(|| project.as_ref().map(|project| project.file.app.clone()));
        let slug = slug.ok_or_else(|| Failure::from(ProjectError::None { from: environment.directory.clone() }))?;
        let client = target(environment, &self.common, project.as_ref())?.client(terminal)?;
        Ok(App { client, slug, project })
    }
}

impl App<'_> {
    /// A page of a list of the app's.
    pub(super) fn list(&self, path: &[&str], limit: u16, query: &[(&str, &str)]) -> Result<Value> {
        let limit = limit.to_string();
        self.client.get(path, &[&[("app", self.slug.as_str()), ("limit", limit.as_str())], query].concat())
    }

    /// All of a list.
    pub(super) fn all(&self, path: &[&str]) -> Result<Vec<Value>> {
        pages::all(|page| self.client.get(path, &[&[("app", self.slug.as_str())], page].concat()))
    }

    /// The same, as one page of the API.
    pub(super) fn listing(&self, path: &[&str]) -> Result<Value> {
        Ok(json!({ "items": self.all(path)?, "next_cursor": null }))
    }

    /// The names of the app's scripts, by their ids.
    pub(super) fn script_names(&self) -> Result<HashMap<String, String>> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(self.all(&["scripts"])?.iter().map(|script| (text(&script["id"]), text(&script["name"]))).collect())
    }

    /// The id of a script.
    ///
    /// # Errors
    /// The app has none of this name; those that it has are named.
    pub(super) fn script_id(&self, name: &str) -> Result<String> {
        let names = self.script_names()?;
        if let Some((id, _)) = names.iter().find(|(_, other)| *other == name) {
            return Ok(id.clone());
        }
        let there: Vec<Value> = names.into_values().map(Value::from).collect();
        Err(lookup::none(self, "script", name, there.iter()).next("picloud deploy brings those of the project"))
    }

    /// The deployment of this number.
    ///
    /// # Errors
    /// There is none, or no longer.
    pub(super) fn deployment(&self, number: u32) -> Result<Value> {
        let found = self.all(&["deployments"])?.into_iter().find(|deployment| deployment["number"] == json!(number));
        found.ok_or_else(|| {
            let what = format!("the app `{}` has no deployment {number}, or no longer", self.slug);
            Failure::new(Exit::NotFound, what).next("picloud deployments lists those it has")
        })
    }

    /// Where the app answers.
    pub(crate) fn url(&self, app: &Value) -> String {
        self.client.url_of(app["host"].as_str().unwrap_or_default())
    }
}
