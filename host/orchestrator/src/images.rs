//! Images of scripts: which there are, which are wanted, and making them on all cores.

use std::{collections::HashMap, sync::Arc};

use execution::{Execute, Image, Modules, Source};
use store::{Digest, ScriptKind, SnapshotScript};
use tokio::task::JoinSet;

use crate::table::Script;

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Ingredients {
    source: Digest,
    /// Positions in errors carry it.
    name: Box<str>,
    /// The modules that it could import from; `None` if it imports nothing, and so is the same among any modules.
    modules: Option<Digest>,
}

/// Images by what they are made of.
#[derive(Debug, Default)]
pub(crate) struct Images(HashMap<Ingredients, Image>);

/// The modules of one deployment.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ModuleSet {
    key: Digest,
    modules: Vec<(String, Digest)>,
}

/// An image that is not there yet.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    source: Digest,
    name: Box<str>,
    modules: Option<Arc<ModuleSet>>,
}

/// One script to compile.
struct Job {
    wanted: Ingredients,
    text: String,
    modules: Modules,
}

impl ModuleSet {
    /// `None`: there are none.
    pub(crate) fn of(scripts: &[SnapshotScript]) -> Option<Self> {
        let modules = scripts.iter().filter(|script| script.kind == ScriptKind::Module);
        let mut modules: Vec<_> = modules.map(|module| (module.name.clone(), module.source)).collect();
        modules.sort_unstable();
        let text: String = modules.iter().map(|(name, source)| format!("{name}\n{source}\n")).collect();
        (!modules.is_empty()).then(|| Self { key: Digest::of(text.as_bytes()), modules })
    }

    /// The same for the same names with the same sources.
    pub(crate) fn key(&self) -> Digest {
        self.key
    }

    fn texts(&self, texts: &HashMap<Digest, String>) -> Modules {
        self.modules.iter().filter_map(|(name, source)| Some((name.clone(), texts.get(source)?.clone()))).collect()
    }
}

impl Wanted {
    /// Digests of the texts that it takes.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Digest> {
        let modules = self.modules.iter().flat_map(|set| &set.modules).map(|(_, source)| *source);
        std::iter::once(self.source).chain(modules)
    }
}

impl Images {
    /// Adds the image of a script that is live.
    pub(crate) fn know(&mut self, script: &Script) {
        if let Some(image) = &script.image {
            let ingredients = Ingredients { source: script.source, name: script.name.clone(), modules: script.modules };
            self.0.insert(ingredients, image.clone());
        }
    }

    /// A script of a deployment, with its image if there is one.
    pub(crate) fn script(&self, script: SnapshotScript, modules: Option<Digest>) -> Script {
        let (source, name) = (script.source, Box::<str>::from(script.name));
        let found = self.find(source, &name, modules);
        let (modules, image) = found.map_or((None, None), |(modules, image)| (modules, Some(image.clone())));
        Script { id: script.script, name, source, modules, image }
    }

    /// What the endpoints of these deployments need and is not there.
    pub(crate) fn wanted<'a>(&self, versions: impl Iterator<Item = &'a [SnapshotScript]>) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for scripts in versions {
            let modules = ModuleSet::of(scripts).map(Arc::new);
            let key = modules.as_ref().map(|set| set.key);
            let endpoints = scripts.iter().filter(|script| script.kind == ScriptKind::Endpoint);
            let missing = endpoints.filter(|script| self.find(script.source, &script.name, key).is_none());
            wanted.extend(missing.map(|script| Wanted {
                source: script.source,
                name: script.name.as_str().into(),
                modules: modules.clone(),
            }));
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Compiles on as many tasks as there are cores. A script that fails is logged and left out.
    pub(crate) async fn make(&mut self, executor: &Arc<dyn Execute>, wanted: &[Wanted], texts: &HashMap<Digest, String>) {
        let mut jobs = jobs(wanted, texts).into_iter().peekable();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let share = jobs.len().div_ceil(cores).max(1);
        let mut tasks = JoinSet::new();
        while jobs.peek().is_some() {
            let part: Vec<_> = jobs.by_ref().take(share).collect();
            tasks.spawn(compile(Arc::clone(executor), part));
        }
        while let Some(part) = tasks.join_next().await {
            match part {
                Ok(part) => self.0.extend(part),
                Err(error) => tracing::error!(%error, "a task that compiled scripts ended early"),
            }
        }
    }

    fn find(&self, source: Digest, name: &str, modules: Option<Digest>) -> Option<(Option<Digest>, &Image)> {
        let mut ingredients = Ingredients { source, name: name.into(), modules: None };
        if let Some(image) = self.0.get(&ingredients) {
            return Some((None, image));
        }
        ingredients.modules = Some(modules?);
        self.0.get(&ingredients).map(|image| (modules, image))
    }
}

fn jobs(wanted: &[Wanted], texts: &HashMap<Digest, String>) -> Vec<Job> {
    let mut sets: HashMap<Digest, Modules> = HashMap::new();
    let mut jobs = Vec::with_capacity(wanted.len());
    for Wanted { source, name, modules } in wanted {
        let given = modules.as_ref().map(|set| sets.entry(set.key).or_insert_with(|| set.texts(texts)).clone());
        // A text that is gone was pruned meanwhile, with everything that needs it.
        let Some(text) = texts.get(source) else { continue };
        let wanted = Ingredients { source: *source, name: name.clone(), modules: modules.as_ref().map(|set| set.key) };
        jobs.push(Job { wanted, text: text.clone(), modules: given.unwrap_or_default() });
    }
    jobs
}

async fn compile(executor: Arc<dyn Execute>, jobs: Vec<Job>) -> Vec<(Ingredients, Image)> {
    let mut images = Vec::with_capacity(jobs.len());
    for Job { wanted, text, modules } in jobs {
        let source = Source { name: wanted.name.to_string(), text };
        match executor.compile(&source, &modules).await {
            Ok(compiled) if compiled.uses.is_empty() => images.push((Ingredients { modules: None, ..wanted }, compiled.image)),
            Ok(compiled) => images.push((wanted, compiled.image)),
            Err(error) => {
                tracing::error!(script = %source.name, source = ?wanted.source, line = error.line, %error, "a script can't be loaded");
            }
        }
    }
    images
}
