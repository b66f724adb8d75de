-- Who changed what: written in the transaction of the change, never changed or removed afterwards.
--
-- Rows form one chain per app and one of the instance: each holds the SHA-256 over the row before it and its own content, so that a row that
-- is changed, left out or put in later is noticed. A chain each, so that changes to different apps don't queue on one row.
-- No foreign keys: rows outlive what they speak of.

-- The end of each chain: what the next row continues, and how many rows there must be.
create table audit_chains (
    -- The nil UUID for the instance's own chain.
    app_id uuid not null,
    -- 0 before the first row.
    last_seq bigint not null,
    last_hash bytea not null,
    constraint audit_chains_pkey primary key (app_id),
    constraint audit_chains_hash_length check (octet_length(last_hash) = 32)
);

create table audit (
    -- The nil UUID for what is not about one app.
    app_id uuid not null,
    -- 1, 2, 3 ... in each chain, without gaps.
    seq bigint not null,
    id uuid not null,
    at timestamptz not null,
    actor_id uuid not null,
    -- The user name at that time.
    actor text not null,
    -- The key that acted, or null for a browser.
    key_id uuid,
    -- Where the request came from, and its id; null for what no request caused.
    ip text,
    request_id text,
    -- <thing>.<done>
    action text not null,
    -- The id of the thing, if there is one.
    target text,
    -- A JSON object without secrets.
    details jsonb not null,
    previous_hash bytea not null,
    hash bytea not null,
    constraint audit_pkey primary key (app_id, seq),
    constraint audit_id_key unique (id),
    constraint audit_hash_length check (octet_length(hash) = 32 and octet_length(previous_hash) = 32)
);
create index audit_app_idx on audit (app_id, id);

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append only' using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_refuse();
create trigger audit_chains_kept before delete or truncate on audit_chains
    for each statement execute function audit_refuse();

-- A chain only grows, by one row at a time.
create function audit_chains_grow() returns trigger language plpgsql as $$
begin
    if new.app_id <> old.app_id
        or not (new.last_seq = old.last_seq + 1 or (new.last_seq = old.last_seq and new.last_hash = old.last_hash)) then
        raise exception 'the audit log is append only' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
create trigger audit_chains_growing before update on audit_chains
    for each row execute function audit_chains_grow();
