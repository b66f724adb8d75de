-- Invitations: who holds the token may make himself an admin, once, until it expires. Only the SHA-256 of the token is kept.

create table invitations (
    id uuid not null,
    token_sha256 bytea not null,
    -- For whom or what for; read by people.
    note text not null,
    -- The role in the instance of whoever accepts.
    role text not null,
    -- The app that he becomes a member of, or null for none, and his role there.
    app_id uuid,
    app_role text,
    -- What he may not give (any more) is not given: looked up when the invitation is accepted.
    created_by uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid,
    revoked_at timestamptz,
    constraint invitations_pkey primary key (id),
    constraint invitations_token_sha256_key unique (token_sha256),
    constraint invitations_token_length check (octet_length(token_sha256) = 32),
    constraint invitations_role_known check (role in ('owner', 'admin', 'member')),
    constraint invitations_app_role_known check (app_role in ('app_admin', 'editor', 'viewer')),
    constraint invitations_app_has_role check ((app_id is null) = (app_role is null)),
    constraint invitations_accepted_by_somebody check ((accepted_at is null) = (accepted_by is null)),
    constraint invitations_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint invitations_created_by_fkey foreign key (created_by) references admins (id) on delete cascade,
    constraint invitations_accepted_by_fkey foreign key (accepted_by) references admins (id) on delete cascade
);
create index invitations_app_idx on invitations (app_id);
create index invitations_created_by_idx on invitations (created_by);
create index invitations_accepted_by_idx on invitations (accepted_by);
