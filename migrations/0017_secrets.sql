-- Secrets of apps, sealed. What opens them is in a file of the operator, never here: see host/vault.

-- Each value of each secret has a version of its own, never used again.
create sequence secret_version_seq as bigint;

-- One key per app, made with its first secret and sealed with a master key.
create table secret_keys (
    app_id uuid not null,
    id uuid not null,
    -- Names the master key.
    master text not null,
    sealed bytea not null,
    constraint secret_keys_pkey primary key (app_id),
    constraint secret_keys_app_fkey foreign key (app_id) references apps (id) on delete cascade
);

create table secrets (
    app_id uuid not null,
    name text collate "C" not null,
    version bigint not null,
    -- Sealed with the app's key, for this app, name and version.
    sealed bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint secrets_pkey primary key (app_id, name),
    constraint secrets_name_size check (octet_length(name) between 1 and 64),
    constraint secrets_key_fkey foreign key (app_id) references secret_keys (app_id) on delete cascade
);
