-- What starts scripts by itself: schedules, and triggers for what happens in an app.

-- Of a deployment: all of them, as host/triggers writes them.
alter table deployments add column triggers jsonb not null default '[]';

-- Those of the active deployments. Made and removed by each activation; what is the same before and after stays.
create table triggers (
    app_id uuid not null,
    -- Stays the same over deployments.
    id uuid not null,
    name text not null,
    kind text not null,
    script_id uuid not null,
    -- All of it.
    definition jsonb not null,
    -- Of a schedule, the next slot that was not looked at; null: it is paused, or has none.
    next_at timestamptz,
    -- Since when it starts nothing; null: it does. Outlives activations that keep it, as whatever is done by hand.
    paused_at timestamptz,
    constraint triggers_pkey primary key (app_id, id),
    constraint triggers_id_key unique (id),
    constraint triggers_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
create index triggers_next_idx on triggers (next_at) where next_at is not null;

-- What became of the slots of schedules. Its key is why no slot has two runs, whoever looks at it (S-9.5). Kept for some days.
create table schedule_runs (
    app_id uuid not null,
    trigger_id uuid not null,
    scheduled_at timestamptz not null,
    -- The job that runs it; null: none does.
    job_id uuid,
    -- Why none does.
    skipped text,
    -- Slots before it that were missed, and for which it stands.
    missed integer not null default 0,
    -- Whether a person asked for it.
    by_hand boolean not null default false,
    made_at timestamptz not null default now(),
    constraint schedule_runs_pkey primary key (app_id, trigger_id, scheduled_at),
    constraint schedule_runs_skipped_known check (skipped in ('overlap', 'queue_full', 'no_script')),
    constraint schedule_runs_job_or_skipped check ((job_id is null) = (skipped is not null)),
    constraint schedule_runs_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
create index schedule_runs_made_idx on schedule_runs (made_at);

-- Of a job that a trigger or a schedule made: which one.
alter table jobs add column trigger_id uuid;
-- What has happened, as a JSON object; text, so that it comes back to the letter.
alter table jobs add column event text;
-- The slot; null: it is no run of a schedule.
alter table jobs add column scheduled_at timestamptz;
-- It waits until the runs of earlier slots have ended.
alter table jobs add column is_serial boolean not null default false;
-- How pauses grow. A version of PiCloud that doesn't know it doubles them, whatever it is.
alter table jobs add column growth text not null default 'exponential';
alter table jobs add constraint jobs_growth_known check (growth in ('constant', 'linear', 'exponential'));
-- To the runs of a schedule that have not ended.
create index jobs_scheduled_idx on jobs (app_id, trigger_id, scheduled_at) where scheduled_at is not null and died_at is null;
