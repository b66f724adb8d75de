-- Assets: files that belong to deployments. Their bytes lie in the directory of assets, by their SHA-256: see host/blobs.

-- Bytes that lie in the directory, or may. Its rows outlive their app, until its bytes are swept; so there is no foreign key to apps.
create table asset_blobs (
    app_id uuid not null,
    digest bytea not null,
    size bigint not null,
    -- When all its bytes were on the disk; null: they are on their way, or never came. Bytes of files have no such moment: there the row that needs
    -- them is made by whoever wrote them. Here it is made later, by a deployment.
    stored_at timestamptz,
    -- Since when nothing needs it; null while a set does.
    unused_since timestamptz,
    constraint asset_blobs_pkey primary key (app_id, digest),
    constraint asset_blobs_digest_length check (octet_length(digest) = 32),
    constraint asset_blobs_size_range check (size >= 0)
);
create index asset_blobs_unused_idx on asset_blobs (unused_since) where unused_since is not null;

-- All assets of a deployment. Immutable, and one for all deployments of the app that have the same.
create table asset_sets (
    app_id uuid not null,
    -- SHA-256 of its paths and their digests.
    digest bytea not null,
    created_at timestamptz not null,
    constraint asset_sets_pkey primary key (app_id, digest),
    constraint asset_sets_digest_length check (octet_length(digest) = 32),
    constraint asset_sets_app_fkey foreign key (app_id) references apps (id) on delete cascade
);

create table asset_set_entries (
    app_id uuid not null,
    set_digest bytea not null,
    -- The path of the URL that it answers, decoded. Compared and ordered by its bytes, on every machine alike.
    path text collate "C" not null,
    digest bytea not null,
    constraint asset_set_entries_pkey primary key (app_id, set_digest, path),
    constraint asset_set_entries_path_size check (octet_length(path) between 2 and 1024),
    constraint asset_set_entries_set_fkey foreign key (app_id, set_digest) references asset_sets (app_id, digest) on delete cascade,
    -- Bytes that a set needs can't be swept, whatever the clocks say.
    constraint asset_set_entries_blob_fkey foreign key (app_id, digest) references asset_blobs (app_id, digest)
);
create index asset_set_entries_digest_idx on asset_set_entries (app_id, digest);

-- How much an app keeps.
create table asset_usage (
    app_id uuid not null,
    -- Of all distinct bytes that a set needs. Written under the lock of the app's row.
    bytes bigint not null,
    -- Of all that lies in the directory, what nothing needs any more included.
    blob_bytes bigint not null,
    constraint asset_usage_pkey primary key (app_id),
    constraint asset_usage_app_fkey foreign key (app_id) references apps (id) on delete cascade
);

-- Null: the deployment has no assets.
alter table deployments add column asset_set bytea;
-- Deferred, so that an app, its deployments and its sets can be deleted by one cascade.
alter table deployments add constraint deployments_asset_set_fkey
    foreign key (app_id, asset_set) references asset_sets (app_id, digest) deferrable initially deferred;
create index deployments_asset_set_idx on deployments (app_id, asset_set);

-- Routes of one deployment that assets answer. A table of their own: a version of PiCloud that doesn't know them goes on reading the others.
create table deployment_static_routes (
    app_id uuid not null,
    deployment_id uuid not null,
    -- Stays the same over deployments.
    route_id uuid not null,
    -- Exact host or '*.' wildcard; null for any of the app's hosts.
    host text,
    path text not null,
    -- Path of the asset that answers with 200 where there is no other; null: none does.
    fallback text,
    -- Path of the asset that answers with 404; null: PiCloud's own answer.
    not_found text,
    -- For how long browsers need not ask again; null: they ask each time.
    max_age_seconds integer,
    changed_at timestamptz not null,
    constraint deployment_static_routes_pkey primary key (app_id, deployment_id, route_id),
    constraint deployment_static_routes_max_age_range check (max_age_seconds between 0 and 31536000),
    constraint deployment_static_routes_deployment_fkey foreign key (app_id, deployment_id)
        references deployments (app_id, id) on delete cascade
);
create index deployment_static_routes_route_idx on deployment_static_routes (route_id);

-- All routes, of both kinds; one without a script is static. A static route answers GET (and so HEAD).
create view deployment_all_routes as
select app_id, deployment_id, route_id, script_id, method, host, path, changed_at,
    null::text as fallback, null::text as not_found, null::integer as max_age_seconds
from deployment_routes
union all
select app_id, deployment_id, route_id, null::uuid, 'GET', host, path, changed_at, fallback, not_found, max_age_seconds
from deployment_static_routes;
