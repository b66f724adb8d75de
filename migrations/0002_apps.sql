-- The isolation boundary. Every table below has app_id first in a key, so that it can be distributed by app.

create table apps (
    id uuid not null,
    -- First label of <slug>.<base domain>.
    slug text not null,
    name text not null,
    -- What runs; null until the first deployment. Its foreign key is in 0003.
    active_deployment_id uuid,
    -- Number of the newest deployment, 0 before the first: numbers are gapless and never reused.
    last_deployment integer not null default 0,
    -- Limits of an execution where they differ from the defaults; null for the defaults.
    limits jsonb,
    created_at timestamptz not null,
    constraint apps_pkey primary key (id),
    constraint apps_slug_key unique (slug),
    constraint apps_slug_form check (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$' and position('--' in slug) = 0)
);

-- An admin's role in one app.
create table members (
    app_id uuid not null,
    admin_id uuid not null,
    role text not null,
    created_at timestamptz not null,
    constraint members_pkey primary key (app_id, admin_id),
    constraint members_role_known check (role in ('app_admin', 'editor', 'viewer')),
    constraint members_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint members_admin_fkey foreign key (admin_id) references admins (id) on delete cascade
);
create index members_admin_idx on members (admin_id);

-- Claimed host names. A pending claim never blocks another app: only verified hosts are unique.
create table domains (
    id uuid not null,
    app_id uuid not null,
    -- Canonical: A-labels, lower case, no final dot; for a wildcard without the leading '*.'.
    host text not null,
    kind text not null,
    status text not null,
    -- The text that the DNS TXT record must hold.
    challenge text not null,
    created_at timestamptz not null,
    verified_at timestamptz,
    constraint domains_pkey primary key (id),
    constraint domains_claim_key unique (app_id, host, kind),
    constraint domains_kind_known check (kind in ('exact', 'wildcard')),
    constraint domains_status_known check (status in ('pending', 'verified')),
    constraint domains_verified_has_time check ((status = 'verified') = (verified_at is not null)),
    constraint domains_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
create unique index domains_verified_host_key on domains (host, kind) where status = 'verified';

-- Credentials of programs. Only the SHA-256 of the key is kept.
create table api_keys (
    id uuid not null,
    key_sha256 bytea not null,
    name text not null,
    -- What may be shown: the beginning and the last four characters.
    prefix text not null,
    last4 text not null,
    scopes text[] not null,
    -- The only app it reaches, or null for all that its maker reaches.
    app_id uuid,
    -- A key never grants more than its maker has now.
    created_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    -- Coarse: written at most once a minute.
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_pkey primary key (id),
    constraint api_keys_key_sha256_key unique (key_sha256),
    constraint api_keys_key_length check (octet_length(key_sha256) = 32),
    constraint api_keys_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint api_keys_admin_fkey foreign key (created_by) references admins (id) on delete cascade
);
create index api_keys_app_idx on api_keys (app_id);
create index api_keys_admin_idx on api_keys (created_by);

-- Apps that were deleted: their executions and logs are swept by id, and their slugs are remembered (S-7.5).
create table app_tombstones (
    app_id uuid not null,
    slug text not null,
    deleted_at timestamptz not null,
    constraint app_tombstones_pkey primary key (app_id)
);
create index app_tombstones_slug_idx on app_tombstones (slug);
