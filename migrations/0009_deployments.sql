-- What ran when, and settings that are versioned with the code.

-- {"limits": {"fuel": 1000000}}: what this deployment lowers of the app's limits. An empty object changes nothing.
alter table deployments add column settings jsonb not null default '{}';

-- What was active before the active one: where a rollback goes. Null until a second deployment was active.
alter table apps add column previous_deployment_id uuid;
alter table apps add constraint apps_previous_deployment_fkey
    foreign key (id, previous_deployment_id) references deployments (app_id, id) deferrable initially deferred;
create index apps_previous_deployment_idx on apps (previous_deployment_id);

-- Each time an app began to run another deployment. Numbers and not foreign keys: the history outlives what is pruned.
create table activations (
    app_id uuid not null,
    id uuid not null,
    number integer not null,
    -- What was active until then; null for the first.
    previous integer,
    cause text not null,
    -- Of the deployment, or of the rollback; may be empty.
    message text not null,
    -- The admin who did it, or whose key did; null once he is deleted.
    activated_by uuid,
    -- The key that did it, or null for a browser.
    activated_with uuid,
    activated_at timestamptz not null,
    constraint activations_pkey primary key (app_id, id),
    constraint activations_cause_known check (cause in ('deploy', 'activate', 'rollback')),
    constraint activations_app_fkey foreign key (app_id) references apps (id) on delete cascade,
    constraint activations_admin_fkey foreign key (activated_by) references admins (id) on delete set null,
    constraint activations_key_fkey foreign key (activated_with) references api_keys (id) on delete set null
);
create index activations_by_idx on activations (activated_by);
create index activations_with_idx on activations (activated_with);

-- Signs the links to previews; the same on all nodes. Made at the first start of a program that knows it.
alter table instance add column preview_secret bytea;
alter table instance add constraint instance_preview_secret_length check (octet_length(preview_secret) = 32);
