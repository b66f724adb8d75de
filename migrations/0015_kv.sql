-- What scripts keep, and what of it must be true when an execution commits.

-- Each state of each key has a version of its own, never used again: equal versions are the same state.
create sequence kv_version_seq as bigint;

create table kv (
    app_id uuid not null,
    -- Compared and ordered by its bytes, on every machine alike.
    key text collate "C" not null,
    -- JSON as the script wrote it; text, so that it comes back to the letter.
    value text not null,
    version bigint not null,
    -- From then on the key counts as absent, and is swept some minutes later; null for never.
    expires_at timestamptz,
    constraint kv_pkey primary key (app_id, key),
    constraint kv_key_size check (octet_length(key) between 1 and 512),
    constraint kv_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
create index kv_expires_idx on kv (expires_at) where expires_at is not null;

-- How much an app keeps. Some rows per app whose sum it is, so that executions which write different keys seldom wait for one row.
create table kv_usage (
    app_id uuid not null,
    stripe smallint not null,
    keys bigint not null,
    -- Of keys and values.
    bytes bigint not null,
    constraint kv_usage_pkey primary key (app_id, stripe),
    constraint kv_usage_app_fkey foreign key (app_id) references apps (id) on delete cascade
);

-- How often the script was run until its transaction could commit.
alter table executions add column attempts smallint not null default 1;
