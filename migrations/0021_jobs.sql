-- Jobs: calls of scripts that run later. Each is made in the transaction of what asked for it, and gone in the transaction of what it did.

create table jobs (
    app_id uuid not null,
    id uuid not null,
    -- Of the deployment that is active when it runs.
    script_name text not null,
    -- JSON as it was written; text, so that it comes back to the letter.
    payload text not null,
    -- Jobs that led to it, itself included.
    depth integer not null,
    -- Calls of PiCloud by PiCloud that led to it.
    hops smallint not null,
    attempts_max smallint not null,
    -- The pause after the first failure.
    backoff_ms integer not null,
    enqueued_at timestamptz not null,
    -- The execution that asked for it; null if a person did.
    enqueued_by uuid,
    -- Those that have failed.
    attempts smallint not null default 0,
    -- Of a job that waits, when it may run; of one that runs, when it counts as lost. By the clock of the database (S-9.5).
    due_at timestamptz not null,
    -- The execution that runs it; null while it waits. If its node is lost, the next delivery has the same.
    execution_id uuid,
    -- How often that execution was begun.
    deliveries smallint not null default 0,
    -- The attempt that failed last. The execution is null if nothing ran.
    failed_execution_id uuid,
    failed_outcome text,
    failed_message text,
    -- Since when it is a dead letter: it does not run any more by itself.
    died_at timestamptz,
    constraint jobs_pkey primary key (app_id, id),
    constraint jobs_id_key unique (id),
    constraint jobs_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
-- From one app with work to the next, and to what is due in it.
create index jobs_due_idx on jobs (app_id, due_at, id) where died_at is null;
-- To what comes next of all.
create index jobs_next_idx on jobs (due_at) where died_at is null;

-- The job that it ran.
alter table executions add column job_id uuid;
