-- Requests that brought an Idempotency-Key: what became of each, for a day. A row is claimed before the request is carried out; the change
-- itself notes in its own transaction that it was made, so that a crash afterwards can't make it twice; the answer follows.

create table idempotency_keys (
    -- Whose key it is: the session or the API key that sent it. The same key of another one is another key. Rows live for a day: no
    -- foreign key, so that a log-out need not wait for them.
    holder_id uuid not null,
    -- Of the text of the header.
    key_sha256 bytea not null,
    -- The person behind the holder, whose rows together are bounded.
    admin_id uuid not null,
    -- HMAC-SHA-256 of method, path and body under the credential itself, which is stored nowhere: a body may hold a password.
    fingerprint bytea not null,
    -- Which attempt holds the row. One that was taken over can't change anything any more.
    attempt_id uuid not null,
    claimed_at timestamptz not null,
    -- What was done and to what, as the audit log has it; null while nothing was.
    action text,
    target text,
    -- Whether the attempt has come to its end; one that was cut off never does.
    ended boolean not null default false,
    -- Status, header and body, sealed under the credential; null before the end, and if it is too long to be kept.
    answer bytea,
    constraint idempotency_keys_pkey primary key (holder_id, key_sha256),
    constraint idempotency_keys_key_length check (octet_length(key_sha256) = 32),
    constraint idempotency_keys_fingerprint_length check (octet_length(fingerprint) = 32),
    constraint idempotency_keys_answered_is_done check (answer is null or action is not null),
    constraint idempotency_keys_admin_fkey foreign key (admin_id) references admins (id) on delete cascade
);
create index idempotency_keys_admin_idx on idempotency_keys (admin_id);
create index idempotency_keys_claimed_at_idx on idempotency_keys (claimed_at);
