//! What changes without a change of its own: scripts that import a module that is not the same.

use std::collections::{BTreeSet, HashMap};

use execution::{Modules, Source};
use futures_util::{StreamExt as _, stream};
use store::{AppStore, DeploymentId, Difference, Script, ScriptKind};

use super::{diagnostic::parse, difference::ScriptDiff, problem::Problem};
use crate::State;

/// The modules that a script's image holds, those that its modules import included, by the script's name. A script that imports nothing need
/// not be there.
pub(super) type Uses = HashMap<String, Vec<String>>;

/// Scripts of a deployment that are parsed to see what they import.
const PARSED_MAX: usize = 200;
/// Scripts that are parsed at once.
const PARSED_AT_ONCE: usize = 2;

/// What the scripts of the deployment on the later side import, as far as a change of modules can matter to them, and whether that is all of
/// it.
///
/// # Errors
/// 503: the sandbox, or the database.
pub(super) async fn uses(state: &State, app: &AppStore, after: DeploymentId, difference: &Difference) -> Result<(Uses, bool), Problem> {
    if changed_modules(difference).is_empty() {
        return Ok((Uses::new(), true));
    }
    let unchanged: BTreeSet<&str> = difference.unchanged.iter().map(|script| script.name.as_str()).collect();
    let scripts = app.linkage_of(after).await?;
    let modules: Modules = scripts
        .iter()
        .filter(|script| script.kind == ScriptKind::Module)
        .map(|script| (script.name.clone(), script.source.clone()))
        .collect();
    let importers: Vec<_> =
        scripts.into_iter().filter(|script| unchanged.contains(script.name.as_str()) && script.source.contains("import")).collect();
    let is_whole = importers.len() <= PARSED_MAX;
    let sources = importers.into_iter().take(PARSED_MAX).map(|script| Source { name: script.name, text: script.source });
    let modules = &modules;
    let mut parsed =
        stream::iter(sources).map(|source| async move { (parse(state, &source, modules).await, source.name) }).buffered(PARSED_AT_ONCE);
    let mut uses = Uses::new();
    while let Some((outcome, name)) = parsed.next().await {
        // What was deployed did parse; a script that no longer does is told elsewhere.
        uses.insert(name, outcome?.unwrap_or_default());
    }
    Ok((uses, is_whole))
}

/// Scripts whose own text is the same while a module that they import is not.
pub(super) fn relinked(difference: &Difference, uses: &Uses) -> Vec<ScriptDiff> {
    let changed = changed_modules(difference);
    let through = |script: &Script| {
        let modules = uses.get(&script.name)?.iter().filter(|module| changed.contains(module.as_str()));
        let modules: Vec<String> = modules.cloned().collect();
        (!modules.is_empty()).then(|| ScriptDiff::through(script, modules))
    };
    difference.unchanged.iter().filter_map(through).collect()
}

/// Names of modules that are only on one side, or not the same on both.
fn changed_modules(difference: &Difference) -> BTreeSet<&str> {
    let sides = difference.scripts.iter().flat_map(|script| script.before.iter().chain(&script.after));
    sides.filter(|script| script.kind == ScriptKind::Module).map(|script| script.name.as_str()).collect()
}
