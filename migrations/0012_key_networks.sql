-- From where a key may be used.

-- Empty: from anywhere. The client's address is compared at every use.
alter table api_keys add column networks cidr[] not null default '{}';
alter table api_keys add constraint api_keys_networks_bounded check (cardinality(networks) <= 50);
