-- Messages that executions have published, kept for some minutes: for listeners that come back after a break.

create table messages (
    app_id uuid not null,
    -- The transaction that published it. Readers go by it, and take what is below the oldest transaction that still runs: so nothing appears behind them.
    xact bigint not null default pg_current_xact_id()::text::bigint,
    -- In the order of one transaction.
    id bigint not null generated always as identity,
    topic text not null,
    -- JSON as it was written; text, so that it comes back to the letter.
    message text not null,
    published_at timestamptz not null default now(),
    -- The execution; null: a person did.
    published_by uuid,
    constraint messages_pkey primary key (app_id, xact, id),
    constraint messages_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
-- What is new, of all apps.
create index messages_position_idx on messages (xact, id);
create index messages_topic_idx on messages (app_id, topic, xact, id);
create index messages_age_idx on messages (published_at);
