//! The only crate with SQL.
//!
//! Everything that belongs to an app is reached through an [`AppStore`], and an [`AppStore`] is made in one place only:
//! [`Control::authorize`], which loads what the principal may claim and asks the caller's decision. The data plane has two
//! doors: [`Snapshots`], read-only, and with what that gives [`AppData`], what one app's scripts keep. Called by `manager` (control), `orchestrator` (snapshots, runs, listener) and the binary.
//!
//! Deliberately absent: HTTP, Wasmtime, policy (who may do what is decided by the function the manager passes in), and clocks:
//! times come in as values.
//!
//! The shortcut does not build, since the fields are private and there is no constructor:
//!
//! ```compile_fail,E0451
//! fn shortcut(donor: store::AppStore, app: store::AppId) -> store::AppStore {
//!     store::AppStore { app, ..donor }
//! }
//! ```
//!
//! Nor can a principal be made up:
//!
//! ```compile_fail,E0451
//! fn impostor(donor: store::Principal, admin: store::AdminId) -> store::Principal {
//!     store::Principal { admin, ..donor }
//! }
//! ```

#![forbid(unsafe_code)]

mod access;
mod app;
mod asset_set;
mod audit;
mod backup;
mod control;
mod data;
mod digest;
mod error;
mod examine;
mod failures;
mod ids;
mod listen;
mod page;
mod pools;
mod runs;
mod schema;
mod slug;
mod snapshot;
mod stored_limits;
#[cfg(feature = "testing")]
pub mod testing;
mod time;

pub use access::{AccessFacts, AppRef, AppRole, AuthorizeError, InstanceRole, KeyFacts, Origin, Principal, TargetFacts};
pub use app::{
    Activation, ActivationEntry, AppStore, AppUpdate, AssetDifference, AssetEntry, AssetPage, Author, Cause, Change, Deployed, Deployment,
    DeploymentContents, Difference, Differing, Domain, DomainEvidence, DomainKind, DomainStatus, DueDomain, EGRESS_RULES_MAX, EgressRule,
    Execution, ExecutionFilter, FileChange, FileEntry, FilePage, Job, JobFailure, KvChange, KvEntry, KvPage, LimitsUpdate, Linkage,
    LinkedScript, LiveTrigger, LogEntry, LogFilter, LogQuery, Manifest, ManifestRoute, ManifestScript, ManifestSource, ManifestTarget,
    ManifestTrigger, Member, MessageEntry, NewDomain, NewEgressRule, PENDING_CLAIMS_MAX, Person, RecordingEntry, Route, RouteTarget,
    ScheduleRun, Script, ScriptKind, SecretChange, SecretEntry, SecretPage, Settings, SourceAt, Split, SplitTerms, StaticTerms, Sticky,
    StickyError, TopicEntry, Upload, Uploaded, UsagePoint, UsageQuery,
};
pub use asset_set::{Asset, AssetSet};
pub use audit::{AuditCheckpoint, AuditContent, AuditEntry, AuditFault, AuditFilter, AuditPosition, AuditVerdict, CheckpointError};
pub use backup::{BlobKind, Moment, NeededBlob};
pub use control::{
    Admin, AdminUpdate, ApiKey, App, CLAIM_KEPT, CLAIMS_PER_ADMIN_MAX, Claim, Claimed, Control, InstanceStore, Invitation, Joining,
    KEY_NETWORKS_MAX, KeyUse, KeyedRequest, Keys, LogInAttempt, LogInFailures, LoginFacts, NewAdmin, NewApiKey, NewInvitation, NewSession,
    OpenInvitation, OwnStore, PENDING_INVITATIONS_MAX, PENDING_INVITATIONS_PER_MAKER_MAX, Session, SessionState,
};
pub use data::{
    AppData, BACKLOG_MAX, Claim as JobClaim, Claimed as ClaimedJobs, ClaimedJob, Commit, Committed, DELIVERIES_MAX, Data, FailedAttempt,
    LEASE, MESSAGES_KEPT_SECONDS, Materialized, Message, NewMessages, NextDue, OpenAsset, Position, QUEUE_COUNT_MAX, QueueFigures, Quota,
    SealedSecrets,
};
pub use digest::{Digest, DigestError};
pub use error::{Error, Result, Revision, Thing};
pub use examine::DatabaseFacts;
pub use failures::failures;
pub use ids::{
    AdminId, ApiKeyId, AppId, DeploymentId, DomainId, EgressRuleId, ExecutionId, InvitationId, JobId, RouteId, ScriptId, SessionId,
    TriggerId,
};
pub use listen::{Event, Listener, Revoked};
pub use page::{Listed, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, PageError};
pub use pools::{PoolFigures, PoolSizes, Store};
pub use runs::{Maintained, NewExecution, NewLog, NewRecording, Retention, Runs};
pub use schema::MIGRATOR;
pub use slug::{RESERVED_SLUGS, Slug, SlugError};
pub use snapshot::{AppSnapshot, SnapshotEgress, SnapshotRoute, SnapshotScript, Snapshots, SplitSnapshot, VersionSnapshot};
