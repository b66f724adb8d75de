-- What is needed to run an execution again, sealed with the key of its app (host/vault). Partitioned by the UTC day of created_at like executions.

-- created_at is that of the execution.
create table recordings (
    app_id uuid not null,
    created_at timestamptz not null,
    execution_id uuid not null,
    script_id uuid not null,
    -- Of `sealed`.
    bytes integer not null,
    -- JSON without secrets, compressed, then sealed for this app and execution.
    sealed bytea not null,
    constraint recordings_pkey primary key (app_id, created_at, execution_id)
) partition by range (created_at);
create index recordings_script_idx on recordings (app_id, script_id, created_at, execution_id);
