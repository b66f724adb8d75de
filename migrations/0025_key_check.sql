-- What shows whether a node has the master keys of the instance, before there is a secret: a key of its own, which seals nothing.
alter table instance
    -- Names that key, and the master key that it is sealed with.
    add column key_check_id uuid,
    add column key_check_master text,
    add column key_check_sealed bytea,
    add constraint instance_key_check_whole check (num_nulls(key_check_id, key_check_master, key_check_sealed) in (0, 3));
