-- Who may log in: the instance, its admins, their sessions.
-- Times are set by the caller, so that one clock (a value, movable in tests) rules; ids are UUIDv7.

-- One row: what makes this installation itself.
create table instance (
    singleton boolean not null default true,
    id uuid not null,
    created_at timestamptz not null,
    constraint instance_pkey primary key (singleton),
    constraint instance_one_row check (singleton)
);

-- People who log in. An admin is never deleted while rows name him as their author: he is made inactive.
create table admins (
    id uuid not null,
    -- Lower case; what is typed at the login.
    username text not null,
    display_name text not null,
    -- PHC string (argon2id).
    password_hash text not null,
    role text not null,
    active boolean not null default true,
    created_at timestamptz not null,
    constraint admins_pkey primary key (id),
    constraint admins_username_key unique (username),
    constraint admins_username_lower check (username = lower(username) and username <> ''),
    constraint admins_role_known check (role in ('owner', 'admin', 'member'))
);

-- Logged-in browsers. Only the SHA-256 of the token is kept.
create table sessions (
    token_sha256 bytea not null,
    -- Names the session in lists; not a credential.
    id uuid not null,
    admin_id uuid not null,
    ip text not null,
    user_agent text not null,
    created_at timestamptz not null,
    -- Coarse: written at most once a minute.
    last_seen_at timestamptz not null,
    -- The absolute end; the idle limit is reckoned from last_seen_at.
    expires_at timestamptz not null,
    constraint sessions_pkey primary key (token_sha256),
    constraint sessions_id_key unique (id),
    constraint sessions_token_length check (octet_length(token_sha256) = 32),
    constraint sessions_admin_fkey foreign key (admin_id) references admins (id) on delete cascade
);
create index sessions_admin_idx on sessions (admin_id);
create index sessions_expires_idx on sessions (expires_at);
