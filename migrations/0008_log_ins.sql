-- Counters of wrong passwords (S-8.3). In the database, so that neither a restart nor a second node gives guesses away.

-- Rows of names that nobody has look and are treated like those of admins; what is a day old is swept.
create table log_in_failures (
    -- Of the user name in lower case, whatever was typed.
    account_sha256 bytea not null,
    -- The network, if the account's owner has logged in from there; else empty: all other networks count together.
    network text not null,
    failures integer not null,
    last_at timestamptz not null,
    constraint log_in_failures_pkey primary key (account_sha256, network),
    constraint log_in_failures_account_length check (octet_length(account_sha256) = 32)
);
create index log_in_failures_last_idx on log_in_failures (last_at);

-- Networks from which an admin has logged in. They count apart, so that strangers can't lock him out.
create table known_networks (
    admin_id uuid not null,
    -- The first address of the /24 or /64.
    network text not null,
    -- When he last logged in from there.
    seen_at timestamptz not null,
    constraint known_networks_pkey primary key (admin_id, network),
    constraint known_networks_admin_fkey foreign key (admin_id) references admins (id) on delete cascade
);
create index known_networks_seen_idx on known_networks (admin_id, seen_at);
