//! Schedules and triggers are created, changed, paused and removed in the same way, whatever they wait for. Each returns what is there afterwards.

use serde_json::{Map, Value};
use store::{AppStore, Change, LiveTrigger, Revision, TriggerId};
use triggers::Trigger;

use super::{
    extract::IfMatch,
    problem::Problem,
    routes::at_script,
    trigger_bodies::{NewTrigger, Terms, TriggerPut, check},
};
use crate::State;

/// Deploys a new one, if the app may have one more.
pub(super) async fn create<T: Terms>(state: &State, app: &AppStore, body: NewTrigger<T>) -> Result<LiveTrigger, Problem> {
    let NewTrigger { name, script, on, retry, .. } = body;
    let id = TriggerId::new(state.now());
    let trigger = TriggerPut { name, script, on, retry }.trigger(id.uuid())?;
    let limits = checked(state, app, &trigger).await?;
    let (max, name) = if T::IS_SCHEDULE { (limits.schedules, "schedules") } else { (limits.triggers, "triggers") };
    if app.count_triggers(T::IS_SCHEDULE).await? >= max {
        return Err(store::Error::LimitReached { what: name, max, advice: "remove one, or raise the limit of this name" }.into());
    }
    let message = format!("Create {} {}", T::WHAT, trigger.name);
    deploy(state, app, Change::CreateTrigger(trigger), &message).await?;
    live::<T>(app, id).await
}

/// Deploys one in the place of the one that has its id.
pub(super) async fn replace<T: Terms>(
    state: &State,
    app: &AppStore,
    id: TriggerId,
    if_match: &IfMatch,
    body: TriggerPut<T>,
) -> Result<LiveTrigger, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    let trigger = body.trigger(id.uuid())?;
    // A schedule does not become a trigger.
    live::<T>(app, id).await?;
    checked(state, app, &trigger).await?;
    let message = format!("Change {} {}", T::WHAT, trigger.name);
    deploy(state, app, Change::ReplaceTrigger { trigger, expected }, &message).await?;
    live::<T>(app, id).await
}

/// Deploys what a PATCH makes of one.
pub(super) async fn patch<T: Terms>(
    state: &State,
    app: &AppStore,
    id: TriggerId,
    if_match: IfMatch,
    patch: Map<String, Value>,
) -> Result<LiveTrigger, Problem> {
    let present = live::<T>(app, id).await?;
    // What is not named here must not overwrite what somebody else changes meanwhile.
    let if_match = if_match.or(present.revision().as_str());
    let body = TriggerPut::<T>::of(&present.trigger).ok_or_else(|| Problem::not_found(T::WHAT))?;
    // In a box: what a deployment needs would lie twice in the future of a handler.
    Box::pin(replace(state, app, id, &if_match, body.patched(patch)?)).await
}

/// Deploys the app without it.
pub(super) async fn remove<T: Terms>(state: &State, app: &AppStore, id: TriggerId, if_match: &IfMatch) -> Result<(), Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    let message = format!("Remove {} {}", T::WHAT, live::<T>(app, id).await?.trigger.name);
    deploy(state, app, Change::RemoveTrigger { id, expected }, &message).await
}

/// Pauses one or lets it go on, and makes that so on this node at once.
pub(super) async fn pause<T: Terms>(state: &State, app: &AppStore, id: TriggerId, pause: bool) -> Result<LiveTrigger, Problem> {
    let paused = app.pause_trigger(id, T::IS_SCHEDULE, pause, state.now()).await?.ok_or_else(|| Problem::not_found(T::WHAT))?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(paused)
}

/// The one of this id in the active deployment.
pub(super) async fn live<T: Terms>(app: &AppStore, id: TriggerId) -> Result<LiveTrigger, Problem> {
    app.trigger(id, T::IS_SCHEDULE).await?.ok_or_else(|| Problem::not_found(T::WHAT))
}

async fn deploy(state: &State, app: &AppStore, change: Change, message: &str) -> Result<(), Problem> {
    app.deploy(&[change], message, state.now()).await.map_err(at_script)?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(())
}

async fn checked(state: &State, app: &AppStore, trigger: &Trigger) -> Result<execution::AppLimits, Problem> {
    let limits = app.app().await?.ok_or_else(|| Problem::not_found("app"))?.limits.app;
    check(trigger, &limits, state.now()).map_err(|(pointer, message)| Problem::invalid(pointer, message))?;
    Ok(limits)
}
