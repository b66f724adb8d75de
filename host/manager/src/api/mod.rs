//! The admin API. Every route is in the one list below; one file per resource, and beside them what they share:
//! `problem` (every failure), `envelope` (what every answer gets), `extract` (what handlers are given), `authz` (who may do what).

mod admins;
mod api_keys;
mod apps;
mod assets;
mod audit;
pub mod authz;
mod dead_letters;
mod deployments;
mod diagnostic;
mod difference;
mod domains;
mod egress;
mod envelope;
mod execute;
mod executions;
pub mod extract;
mod faults;
mod files;
mod gate;
mod idempotency;
mod invitations;
mod kv;
mod limits;
mod linking;
mod listing;
mod logs;
mod lookalike;
mod manifest;
mod manifest_check;
mod members;
mod openapi;
mod password;
mod preview;
pub mod problem;
mod queue;
mod recordings;
mod replay;
mod rollback;
mod route_preview;
mod routes;
mod schedules;
mod script_test;
mod scripts;
mod secrets;
mod session;
mod sessions;
mod split;
mod static_routes;
mod status;
mod through;
mod topics;
mod trigger_bodies;
mod trigger_changes;
mod triggers;
mod usage;
mod words;

pub use envelope::RequestId;
pub use openapi::openapi;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use utoipa::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};

use crate::{State, dashboard};

/// Longest JSON body, in bytes. Four times the longest script.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Longest body of a whole deployment, in bytes. A larger app sends the digests of what it has sent before.
pub const MANIFEST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The control plane as one service: everything the instance's host answers.
pub fn router(state: Arc<State>) -> Router {
    routes_and_description()
        .split_for_parts()
        .0
        .fallback(dashboard::files)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), idempotency::idempotency))
        .layer(middleware::from_fn(envelope::envelope))
        .with_state(state)
}

/// Every route, in the order of the documentation.
fn routes_and_description() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::with_openapi(openapi::Description::openapi())
        .merge(of_people())
        .merge(of_apps())
        .merge(of_what_runs())
        .merge(of_the_instance())
}

/// Who may do what, and how they prove who they are.
fn of_people() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(session::create_session, session::get_session, session::delete_session))
        .routes(routes!(sessions::put_password))
        .routes(routes!(sessions::list_sessions, sessions::delete_other_sessions))
        .routes(routes!(sessions::delete_one_session))
        .routes(routes!(admins::list_admins, admins::create_admin))
        .routes(routes!(admins::get_admin, admins::patch_admin))
        .routes(routes!(admins::reset_password))
        .routes(routes!(invitations::list_invitations, invitations::create_invitation))
        .routes(routes!(invitations::accept_invitation))
        .routes(routes!(invitations::get_invitation, invitations::revoke_invitation))
        .routes(routes!(members::list_members, members::create_member))
        .routes(routes!(members::get_member, members::patch_member, members::delete_member))
        .routes(routes!(api_keys::list_api_keys, api_keys::create_api_key))
        .routes(routes!(api_keys::get_api_key, api_keys::revoke_api_key))
}

/// What an app is: its code, where it answers, what it may reach.
fn of_apps() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(apps::list_apps, apps::create_app))
        .routes(routes!(apps::get_app, apps::patch_app, apps::delete_app))
        .routes(routes!(domains::list_domains, domains::create_domain))
        .routes(routes!(domains::get_domain, domains::delete_domain))
        .routes(routes!(domains::verify_domain))
        .routes(routes!(egress::list_egress_rules, egress::create_egress_rule))
        .routes(routes!(egress::get_egress_rule, egress::delete_egress_rule))
        .routes(routes!(secrets::list_secrets))
        .routes(routes!(secrets::get_secret, secrets::put_secret, secrets::delete_secret))
        .routes(routes!(gate::gate_deployment))
        .routes(routes!(scripts::list_scripts, scripts::create_script))
        .routes(routes!(scripts::validate_script))
        .routes(routes!(script_test::test_script))
        .routes(routes!(scripts::get_script, scripts::put_script, scripts::patch_script, scripts::delete_script))
        .routes(routes!(self::routes::list_routes, self::routes::create_route))
        .routes(routes!(route_preview::check_route))
        .routes(routes!(route_preview::match_route))
        .routes(routes!(self::routes::get_route, self::routes::put_route, self::routes::patch_route, self::routes::delete_route))
        .routes(routes!(schedules::list_schedules, schedules::create_schedule))
        .routes(routes!(schedules::check_schedule))
        .routes(routes!(schedules::get_schedule, schedules::put_schedule, schedules::patch_schedule, schedules::delete_schedule))
        .routes(routes!(schedules::pause_schedule))
        .routes(routes!(schedules::resume_schedule))
        .routes(routes!(schedules::run_schedule))
        .routes(routes!(schedules::list_schedule_runs))
        .routes(routes!(self::triggers::list_triggers, self::triggers::create_trigger))
        .routes(routes!(
            self::triggers::get_trigger,
            self::triggers::put_trigger,
            self::triggers::patch_trigger,
            self::triggers::delete_trigger
        ))
        .routes(routes!(self::triggers::pause_trigger))
        .routes(routes!(self::triggers::resume_trigger))
        .routes(routes!(deployments::list_deployments))
        .routes(routes!(manifest::create_deployment).layer(DefaultBodyLimit::max(MANIFEST_BYTES_MAX)))
        .routes(routes!(deployments::get_deployment))
        .routes(routes!(deployments::activate_deployment))
        .routes(routes!(preview::preview_deployment))
        .routes(routes!(difference::get_deployment_diff))
        .routes(routes!(rollback::list_activations))
        .routes(routes!(rollback::rollback_app))
        .routes(routes!(split::get_split, split::put_split, split::delete_split))
}

/// What an app's executions keep, and what they leave behind.
fn of_what_runs() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(recordings::list_recordings))
        .routes(routes!(recordings::get_recording))
        .routes(routes!(replay::replay_execution))
        .routes(routes!(faults::try_faults))
        .routes(routes!(kv::list_kv))
        .routes(routes!(kv::get_kv, kv::put_kv, kv::delete_kv))
        .routes(routes!(files::list_files))
        .routes(routes!(files::get_file, files::delete_file))
        .routes(routes!(files::get_file_content, files::put_file_content))
        .routes(routes!(queue::list_jobs, queue::create_job))
        .routes(routes!(queue::get_job, queue::delete_job))
        .routes(routes!(dead_letters::list_dead_letters))
        .routes(routes!(dead_letters::get_dead_letter, dead_letters::delete_dead_letter))
        .routes(routes!(dead_letters::replay_dead_letter))
        .routes(routes!(topics::list_topics))
        .routes(routes!(topics::get_topic, topics::publish_message))
        .routes(routes!(assets::list_assets))
        .routes(routes!(assets::missing_assets))
        .routes(routes!(assets::put_asset))
        .routes(routes!(executions::list_executions))
        .routes(routes!(executions::get_execution))
        .routes(routes!(executions::get_execution_logs))
        .routes(routes!(usage::get_usage))
        .routes(routes!(logs::list_logs))
        .routes(routes!(logs::stream_logs))
}

/// What belongs to no app.
fn of_the_instance() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(audit::list_audit))
        .routes(routes!(audit::export_audit))
        .routes(routes!(audit::verify_audit))
        .routes(routes!(limits::list_limits))
        .routes(routes!(execute::execute_script))
        .routes(routes!(status::healthz))
        .routes(routes!(status::readyz))
        .routes(routes!(status::version))
        .routes(routes!(status::openapi_json))
}
