-- What scripts may call, and what an execution waited for.

-- Without a row an app may call nothing.
create table egress_rules (
    id uuid not null,
    app_id uuid not null,
    -- A name, `*.` and a name, an address, or `*`; canonical.
    host text not null,
    -- Null: 80 and 443.
    port integer,
    -- Null: both.
    scheme text,
    created_at timestamptz not null,
    constraint egress_rules_pkey primary key (app_id, id),
    constraint egress_rules_port check (port between 1 and 65535),
    constraint egress_rules_scheme check (scheme in ('http', 'https')),
    constraint egress_rules_app_fkey foreign key (app_id) references apps (id) on delete cascade
);
create unique index egress_rules_same_key on egress_rules (app_id, host, coalesce(port, 0), coalesce(scheme, ''));
create unique index egress_rules_id_key on egress_rules (id);

-- [{"call", "start_us", "wall_us", "result"}]: the first hundred; null if there was none.
alter table executions add column calls jsonb;
