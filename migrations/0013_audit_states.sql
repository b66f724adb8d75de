-- What a change changed: the SHA-256 of the thing as it was and as it is.

-- Over the compact JSON of the row (members in the order of their names), without what changes unaudited, like the time of the last use.
-- Null where the thing was not there or is no more, and in rows of older versions, whose hashes hold.
alter table audit add column before_sha256 bytea;
alter table audit add column after_sha256 bytea;
alter table audit add constraint audit_before_length check (octet_length(before_sha256) = 32);
alter table audit add constraint audit_after_length check (octet_length(after_sha256) = 32);

-- Over the scripts, routes and settings of a deployment, which never change. Null in deployments of older versions.
alter table deployments add column contents_sha256 bytea;
alter table deployments add constraint deployments_contents_length check (octet_length(contents_sha256) = 32);
