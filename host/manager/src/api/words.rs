//! Closed sets of words, as the description shows them; the generated client has them as types. The store's own enums, which
//! read and write them, know nothing of OpenAPI.

use utoipa::ToSchema;

macro_rules! words {
    ($( $(#[doc = $doc:literal])* $name:ident { $($word:ident),+ } )*) => { $(
        $(#[doc = $doc])*
        #[derive(ToSchema)]
        #[schema(rename_all = "snake_case")]
        #[expect(dead_code, reason = "only its schema is used")]
        pub(super) enum $name { $($word),+ }
    )* };
}

words! {
    /// What a script is for: it answers requests, or other scripts import it.
    ScriptKind { Endpoint, Module }
    /// What answers the requests of a route: a script, or the assets of the deployment.
    RouteKind { Script, Static }
    /// Why another deployment became active: it was new, somebody chose it, somebody went back.
    ActivationCause { Deploy, Activate, Rollback }
    /// What happened to a thing between two deployments. What only has another name is renamed.
    DiffChange { Added, Removed, Changed, Renamed }
    /// What a limit bounds: each execution by itself, or the app as a whole.
    LimitScope { Execution, App }
    /// What a claim covers: a host, or all names below it.
    DomainKind { Exact, Wildcard }
    /// Whether a claim is proved. Only a verified one serves.
    DomainStatus { Pending, Verified, Suspended, Superseded }
    /// How a server is called.
    Scheme { Http, Https }
    /// What goes wrong: a call of the host is not answered, the fuel ends, others have changed what was read.
    Fault { Call, Fuel, Conflict }
    /// What a person is in the instance.
    InstanceRole { Owner, Admin, Member }
    /// What a member is in one app.
    AppRole { AppAdmin, Editor, Viewer }
    /// Whether an invitation can be accepted, and if not, why.
    InvitationStatus { Pending, Accepted, Revoked, Expired }
    /// Severity of a log line.
    Level { Trace, Info, Warn, Error }
    /// What caused a run.
    InvocationType { Http, Queue, Schedule, Test, Trigger }
    /// Whether a job waits for its time, runs, or has failed for good.
    JobState { Waiting, Running, Dead }
    /// What becomes of a run while the one before has not ended: there is none, it waits for that, both run.
    Overlap { Skip, Queue, Allow }
    /// What becomes of slots that were missed: nothing, one run for all, a run for each.
    CatchUp { Skip, Once, All }
    /// Why a slot has no run: the one before had not ended, the queue is full, the script is not there.
    Skipped { Overlap, QueueFull, NoScript }
    /// How the pauses between attempts grow.
    Growth { Constant, Linear, Exponential }
    /// What a trigger waits for: a key that was written, a file that was written, a job that failed for good, a message.
    TriggerKind { Kv, File, DeadLetter, Topic }
}
