-- To the dead letters of all apps: the figures of the instance count them every few seconds, among any number of jobs that wait.
create index jobs_dead_idx on jobs (died_at) where died_at is not null;

-- The trace that the execution belongs to, if it is that of whoever called; otherwise the trace has the id of the execution.
alter table executions add column trace_id uuid;
