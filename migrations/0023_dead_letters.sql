-- To the dead letters of all apps: the figures of the instance count them every few seconds, among any number of jobs that wait.
create index jobs_dead_idx on jobs (died_at) where died_at is not null;
