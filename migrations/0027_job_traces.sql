-- Where in a trace the execution stands that asked for a job, so that the job goes on with it.
alter table jobs
    -- W3C `traceparent`; null where no execution asked.
    add column traceparent text;
