//! Deploying one script so that nothing in the app imports what is not there.
//!
//! A change of a module is a change of everything that imports it: all of that is compiled before anything is written. What was looked at is the
//! active deployment of one moment, so the change is made onto that deployment or, if it moved meanwhile, looked at again.

use execution::{Modules, Source};
use store::{AppStore, Change, Linkage, ScriptKind};

use super::{
    diagnostic::{demand_parses, of_compile_error, parse, problem_type, text_of},
    problem::Problem,
    scripts::at_name,
};
use crate::State;

/// How often a deployment is tried while others move the active one.
const ATTEMPTS: u32 = 5;

/// What becomes of one script.
pub(super) struct Edit {
    /// Its name and kind until now; `None` for a new one.
    pub(super) before: Option<(String, ScriptKind)>,
    /// As it will be; `None`: it is removed.
    pub(super) after: Option<(Source, ScriptKind)>,
}

impl Edit {
    fn concerns_modules(&self) -> bool {
        let kinds = [self.before.as_ref().map(|(_, kind)| *kind), self.after.as_ref().map(|(_, kind)| *kind)];
        kinds.contains(&Some(ScriptKind::Module))
    }

    /// The word alone decides: a comment that has it costs one query.
    fn imports(&self) -> bool {
        self.after.as_ref().is_some_and(|(source, _)| source.text.contains("import"))
    }
}

/// Checks the edit in the app as it will be, and deploys `change`.
///
/// # Errors
/// 422 with the place of what does not parse or resolve, and what the store refuses.
pub(super) async fn deploy(state: &State, app: &AppStore, edit: &Edit, change: Change, message: &str) -> Result<(), Problem> {
    let changes = [change];
    for attempt in 1.. {
        let linkage = match edit.imports() || edit.concerns_modules() {
            true => Some(app.linkage(edit.concerns_modules()).await?),
            false => None,
        };
        check(state, edit, linkage.as_ref()).await?;
        let expected = linkage.map(|linkage| linkage.deployment);
        match app.deploy_onto(expected, &changes, message, state.now()).await {
            Err(store::Error::ActiveMoved { .. }) if attempt < ATTEMPTS => {}
            deployed => {
                deployed.map_err(at_name)?;
                break;
            }
        }
    }
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(())
}

async fn check(state: &State, edit: &Edit, linkage: Option<&Linkage>) -> Result<(), Problem> {
    let others = linkage.map(|linkage| linkage.scripts.as_slice()).unwrap_or_default();
    let old_name = edit.before.as_ref().map(|(name, _)| name.as_str());
    let others = || others.iter().filter(|script| Some(script.name.as_str()) != old_name);
    let of_others = others().filter(|script| script.kind == ScriptKind::Module).map(|script| (script.name.clone(), script.source.clone()));
    let own =
        edit.after.iter().filter(|(_, kind)| *kind == ScriptKind::Module).map(|(source, _)| (source.name.clone(), source.text.clone()));
    let modules: Modules = of_others.chain(own).collect();
    if let Some((source, _)) = &edit.after {
        demand_parses(state, source, &modules).await?;
    }
    if !edit.concerns_modules() {
        return Ok(());
    }
    for script in others().filter(|script| script.source.contains("import")) {
        let source = Source { name: script.name.clone(), text: script.source.clone() };
        let Err(error) = parse(state, &source, &modules).await? else { continue };
        let shown = of_compile_error(&error, text_of(&error.script, &source, &modules), "");
        let place = format!("{}, line {}, column {}", error.script, error.line, error.column);
        let detail = format!("After this change the script `{}` would no longer compile. {place}: {}", source.name, error.message);
        return Err(Problem::new(problem_type(error.kind), detail).with_error(shown));
    }
    Ok(())
}

/// The modules of the active deployment.
///
/// # Errors
/// The database failed.
pub(super) async fn modules_of(app: &AppStore) -> Result<Modules, Problem> {
    let modules = app.linkage(false).await?.scripts.into_iter();
    Ok(modules.map(|script| (script.name, script.source)).collect())
}
