-- Domains are proved, and proved again every day.

-- `suspended`: the proof was gone for seven days; it serves nothing until it is back. `superseded`: another app proved the host later.
alter table domains drop constraint domains_status_known;
alter table domains add constraint domains_status_known check (status in ('pending', 'verified', 'suspended', 'superseded'));
alter table domains drop constraint domains_verified_has_time;
alter table domains add constraint domains_verified_has_time check (status <> 'verified' or verified_at is not null);
-- When the record was last looked for, and what came of it, as a sentence.
alter table domains add column checked_at timestamptz;
alter table domains add column check_result text;
-- Since when the record of a proved domain is not there; null while it is.
alter table domains add column failing_since timestamptz;
-- When a node looks again; null for never. A node that looks moves it on first, so that no other does the same.
alter table domains add column next_check_at timestamptz;
create index domains_next_check_idx on domains (next_check_at) where next_check_at is not null;

-- Who deleted the app: only he gets its slug back before 30 days have passed (S-7.5).
alter table app_tombstones add column deleted_by uuid;
