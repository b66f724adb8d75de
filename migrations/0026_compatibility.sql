-- For which programs this schema is good. A migration that only adds leaves it; one that takes away what an older program uses raises it.
create table compatibility (
    singleton boolean not null default true,
    -- A program has to know the migration of this number at least.
    schema_min bigint not null,
    constraint compatibility_pkey primary key (singleton),
    constraint compatibility_one_row check (singleton)
);

insert into compatibility (schema_min) values (26);
