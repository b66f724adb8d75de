-- What runs. A deployment is immutable: it holds its own rows of scripts and routes; unchanged sources are shared.

-- Texts of scripts, once per app and digest. Kept per app, so that the lock on the app's row orders everything about them
-- and one app's texts have nothing to do with another's.
create table sources (
    app_id uuid not null,
    -- SHA-256 of the text.
    digest bytea not null,
    text text not null,
    constraint sources_pkey primary key (app_id, digest),
    constraint sources_digest_length check (octet_length(digest) = 32),
    constraint sources_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
create index sources_digest_idx on sources (digest);

-- A script's identity: it stays the same over its versions and names.
create table scripts (
    app_id uuid not null,
    id uuid not null,
    created_at timestamptz not null,
    constraint scripts_pkey primary key (app_id, id),
    constraint scripts_id_key unique (id),
    constraint scripts_app_fkey foreign key (app_id) references apps (id) on delete cascade
);

create table deployments (
    app_id uuid not null,
    id uuid not null,
    -- 1, 2, 3 ... in each app, without gaps.
    number integer not null,
    message text not null,
    -- The admin who made it, or whose key did; null once he is deleted.
    created_by uuid,
    -- The key that made it, or null for a browser.
    created_with uuid,
    created_at timestamptz not null,
    constraint deployments_pkey primary key (app_id, id),
    constraint deployments_id_key unique (id),
    constraint deployments_number_key unique (app_id, number),
    constraint deployments_number_positive check (number > 0),
    constraint deployments_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint deployments_admin_fkey foreign key (created_by) references admins (id) on delete set null,
    constraint deployments_key_fkey foreign key (created_with) references api_keys (id) on delete set null
);
create index deployments_created_by_idx on deployments (created_by);
create index deployments_created_with_idx on deployments (created_with);

-- Both columns: an app can't be pointed at another app's deployment. Deferred, so that an app and its deployments
-- can be deleted by one cascade.
alter table apps add constraint apps_active_deployment_fkey
    foreign key (id, active_deployment_id) references deployments (app_id, id) deferrable initially deferred;
create index apps_active_deployment_idx on apps (active_deployment_id);

-- The scripts of one deployment.
create table deployment_scripts (
    app_id uuid not null,
    deployment_id uuid not null,
    script_id uuid not null,
    name text not null,
    kind text not null,
    source_digest bytea not null,
    -- When this name, kind or source first appeared; copied while they stay.
    changed_at timestamptz not null,
    constraint deployment_scripts_pkey primary key (app_id, deployment_id, script_id),
    constraint deployment_scripts_name_key unique (app_id, deployment_id, name),
    constraint deployment_scripts_kind_known check (kind in ('endpoint', 'module')),
    constraint deployment_scripts_deployment_fkey foreign key (app_id, deployment_id)
        references deployments (app_id, id) on delete cascade,
    -- Deferred for the same reason as above.
    constraint deployment_scripts_script_fkey foreign key (app_id, script_id)
        references scripts (app_id, id) deferrable initially deferred,
    constraint deployment_scripts_source_fkey foreign key (app_id, source_digest)
        references sources (app_id, digest) deferrable initially deferred
);
create index deployment_scripts_script_idx on deployment_scripts (app_id, script_id);
create index deployment_scripts_source_idx on deployment_scripts (app_id, source_digest);

-- The routes of one deployment.
create table deployment_routes (
    app_id uuid not null,
    deployment_id uuid not null,
    -- Stays the same over deployments.
    route_id uuid not null,
    script_id uuid not null,
    -- Upper case; null for any.
    method text,
    -- Exact host or '*.' wildcard; null for any of the app's hosts.
    host text,
    path text not null,
    changed_at timestamptz not null,
    constraint deployment_routes_pkey primary key (app_id, deployment_id, route_id),
    constraint deployment_routes_script_fkey foreign key (app_id, deployment_id, script_id)
        references deployment_scripts (app_id, deployment_id, script_id) on delete cascade
);
create index deployment_routes_script_idx on deployment_routes (app_id, deployment_id, script_id);
create index deployment_routes_route_idx on deployment_routes (route_id);
