-- Files of apps. Their bytes lie in the directory of files, by their SHA-256: see host/blobs. Here is what there is, and what of it is needed.

-- Each state of each path has a version of its own, never used again.
create sequence file_version_seq as bigint;

-- Bytes that lie in the directory, or may. Its rows outlive their app, until its bytes are swept; so there is no foreign key to apps.
create table file_blobs (
    app_id uuid not null,
    digest bytea not null,
    size bigint not null,
    -- Since when nothing needs it; null while something does. Whoever is about to need it moves this to the present first, so that it is not swept meanwhile.
    unused_since timestamptz,
    constraint file_blobs_pkey primary key (app_id, digest),
    constraint file_blobs_digest_length check (octet_length(digest) = 32),
    constraint file_blobs_size_range check (size >= 0)
);
create index file_blobs_unused_idx on file_blobs (unused_since) where unused_since is not null;

create table files (
    app_id uuid not null,
    -- Compared and ordered by its bytes, on every machine alike.
    path text collate "C" not null,
    digest bytea not null,
    size bigint not null,
    version bigint not null,
    -- By the clock of the execution that wrote it.
    updated_at timestamptz not null,
    constraint files_pkey primary key (app_id, path),
    constraint files_path_size check (octet_length(path) between 1 and 1024),
    constraint files_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    -- Bytes that a file needs can't be swept, whatever the clocks say.
    constraint files_blob_fkey foreign key (app_id, digest) references file_blobs (app_id, digest)
);
create index files_digest_idx on files (app_id, digest);

-- How much an app keeps. Some rows per app whose sum it is, so that executions which write different files seldom wait for one row.
create table file_usage (
    app_id uuid not null,
    stripe smallint not null,
    files bigint not null,
    -- Of all files, each counted in full.
    bytes bigint not null,
    -- Of all that lies in the directory, what nothing needs any more included.
    blob_bytes bigint not null,
    constraint file_usage_pkey primary key (app_id, stripe),
    constraint file_usage_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
