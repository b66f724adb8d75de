-- What ran. Both tables are partitioned by the UTC day of created_at; `store::runs` makes and drops the partitions.
-- They have no foreign keys: rows come in batches at the rate of requests, and those of a deleted app are swept.

-- created_at is the time inside the UUIDv7 id, so that an id alone finds its partition.
create table executions (
    app_id uuid not null,
    created_at timestamptz not null,
    id uuid not null,
    request_id text not null,
    script_id uuid not null,
    -- Null for a call by id.
    route_id uuid,
    -- Number of the app's deployment that ran.
    deployment integer not null,
    invocation_type text not null,
    -- `ok` or the kind of failure.
    outcome text not null,
    -- The status that the visitor saw; null if nobody was left to see one.
    status smallint,
    method text not null,
    host text not null,
    path text not null,
    fuel_used bigint not null,
    memory_peak_bytes bigint not null,
    wall_us bigint not null,
    host_calls integer not null,
    -- For the developer; null when the outcome is `ok`.
    error_message text,
    -- [{"script", "function", "line", "column"}], innermost first.
    error_trace json,
    -- Log lines beyond the limit, which were not kept.
    logs_dropped bigint not null,
    constraint executions_pkey primary key (app_id, created_at, id)
) partition by range (created_at);
create index executions_script_idx on executions (app_id, script_id, created_at, id);
create index executions_id_idx on executions (id);

-- Grows in the order of commits, so that a reader who resumes after an id misses nothing.
create sequence execution_logs_id_seq as bigint;

-- created_at is that of the execution.
create table execution_logs (
    app_id uuid not null,
    created_at timestamptz not null,
    id bigint not null default nextval('execution_logs_id_seq'),
    execution_id uuid not null,
    script_id uuid not null,
    level text not null,
    message text not null,
    -- A JSON object as the script made it; text, since one odd value must not refuse a batch.
    fields text,
    constraint execution_logs_pkey primary key (app_id, created_at, id)
) partition by range (created_at);
create index execution_logs_follow_idx on execution_logs (app_id, id);
