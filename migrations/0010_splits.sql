-- Trying another deployment on some visitors before it is the active one.

-- The share of an app's visitors that another deployment than the active one has: the running one, or the last that ended.
create table splits (
    app_id uuid not null,
    -- Names one split: a node that stops one does not stop the next.
    id uuid not null,
    -- The other deployment. One that is in a running split is not pruned.
    deployment_id uuid not null,
    percent smallint not null,
    -- What keeps a visitor on his side: 'client_ip', 'cookie:<name>' or 'header:<name>'.
    sticky text not null,
    -- Stops by itself above so many percent of failures among the last window_requests of the other side; null: never.
    stop_above smallint,
    window_requests integer not null,
    started_by uuid,
    started_at timestamptz not null,
    -- Null while it runs.
    ended_at timestamptz,
    -- One sentence; null while it runs.
    ended_because text,
    constraint splits_pkey primary key (app_id),
    constraint splits_percent_range check (percent between 1 and 99),
    constraint splits_stop_above_range check (stop_above between 0 and 99),
    constraint splits_window_range check (window_requests between 20 and 10000),
    constraint splits_end_has_reason check ((ended_at is null) = (ended_because is null)),
    constraint splits_deployment_fkey foreign key (app_id, deployment_id) references deployments (app_id, id) on delete cascade,
    constraint splits_admin_fkey foreign key (started_by) references admins (id) on delete set null
);
create index splits_deployment_idx on splits (app_id, deployment_id);
create index splits_by_idx on splits (started_by);
