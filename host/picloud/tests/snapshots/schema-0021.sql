--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: audit_chains_grow(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_chains_grow() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.app_id <> old.app_id
        or not (new.last_seq = old.last_seq + 1 or (new.last_seq = old.last_seq and new.last_hash = old.last_hash)) then
        raise exception 'the audit log is append only' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;


--
-- Name: audit_refuse(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.audit_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'the audit log is append only' using errcode = 'insufficient_privilege';
end
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _sqlx_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: activations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.activations (
    app_id uuid NOT NULL,
    id uuid NOT NULL,
    number integer NOT NULL,
    previous integer,
    cause text NOT NULL,
    message text NOT NULL,
    activated_by uuid,
    activated_with uuid,
    activated_at timestamp with time zone NOT NULL,
    CONSTRAINT activations_cause_known CHECK ((cause = ANY (ARRAY['deploy'::text, 'activate'::text, 'rollback'::text])))
);


--
-- Name: admins; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.admins (
    id uuid NOT NULL,
    username text NOT NULL,
    display_name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT admins_role_known CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text]))),
    CONSTRAINT admins_username_lower CHECK (((username = lower(username)) AND (username <> ''::text)))
);


--
-- Name: api_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    key_sha256 bytea NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    last4 text NOT NULL,
    scopes text[] NOT NULL,
    app_id uuid,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    networks cidr[] DEFAULT '{}'::cidr[] NOT NULL,
    CONSTRAINT api_keys_key_length CHECK ((octet_length(key_sha256) = 32)),
    CONSTRAINT api_keys_networks_bounded CHECK ((cardinality(networks) <= 50))
);


--
-- Name: app_tombstones; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.app_tombstones (
    app_id uuid NOT NULL,
    slug text NOT NULL,
    deleted_at timestamp with time zone NOT NULL,
    deleted_by uuid
);


--
-- Name: apps; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.apps (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    active_deployment_id uuid,
    last_deployment integer DEFAULT 0 NOT NULL,
    limits jsonb,
    created_at timestamp with time zone NOT NULL,
    previous_deployment_id uuid,
    CONSTRAINT apps_slug_form CHECK (((slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'::text) AND (POSITION(('--'::text) IN (slug)) = 0)))
);


--
-- Name: asset_blobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.asset_blobs (
    app_id uuid NOT NULL,
    digest bytea NOT NULL,
    size bigint NOT NULL,
    stored_at timestamp with time zone,
    unused_since timestamp with time zone,
    CONSTRAINT asset_blobs_digest_length CHECK ((octet_length(digest) = 32)),
    CONSTRAINT asset_blobs_size_range CHECK ((size >= 0))
);


--
-- Name: asset_set_entries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.asset_set_entries (
    app_id uuid NOT NULL,
    set_digest bytea NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    CONSTRAINT asset_set_entries_path_size CHECK (((octet_length(path) >= 2) AND (octet_length(path) <= 1024)))
);


--
-- Name: asset_sets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.asset_sets (
    app_id uuid NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT asset_sets_digest_length CHECK ((octet_length(digest) = 32))
);


--
-- Name: asset_usage; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.asset_usage (
    app_id uuid NOT NULL,
    bytes bigint NOT NULL,
    blob_bytes bigint NOT NULL
);


--
-- Name: audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit (
    app_id uuid NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id uuid NOT NULL,
    actor text NOT NULL,
    key_id uuid,
    ip text,
    request_id text,
    action text NOT NULL,
    target text,
    details jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    before_sha256 bytea,
    after_sha256 bytea,
    CONSTRAINT audit_after_length CHECK ((octet_length(after_sha256) = 32)),
    CONSTRAINT audit_before_length CHECK ((octet_length(before_sha256) = 32)),
    CONSTRAINT audit_hash_length CHECK (((octet_length(hash) = 32) AND (octet_length(previous_hash) = 32)))
);


--
-- Name: audit_chains; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_chains (
    app_id uuid NOT NULL,
    last_seq bigint NOT NULL,
    last_hash bytea NOT NULL,
    CONSTRAINT audit_chains_hash_length CHECK ((octet_length(last_hash) = 32))
);


--
-- Name: deployment_routes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deployment_routes (
    app_id uuid NOT NULL,
    deployment_id uuid NOT NULL,
    route_id uuid NOT NULL,
    script_id uuid NOT NULL,
    method text,
    host text,
    path text NOT NULL,
    changed_at timestamp with time zone NOT NULL
);


--
-- Name: deployment_static_routes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deployment_static_routes (
    app_id uuid NOT NULL,
    deployment_id uuid NOT NULL,
    route_id uuid NOT NULL,
    host text,
    path text NOT NULL,
    fallback text,
    not_found text,
    max_age_seconds integer,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT deployment_static_routes_max_age_range CHECK (((max_age_seconds >= 0) AND (max_age_seconds <= 31536000)))
);


--
-- Name: deployment_all_routes; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.deployment_all_routes AS
 SELECT deployment_routes.app_id,
    deployment_routes.deployment_id,
    deployment_routes.route_id,
    deployment_routes.script_id,
    deployment_routes.method,
    deployment_routes.host,
    deployment_routes.path,
    deployment_routes.changed_at,
    NULL::text AS fallback,
    NULL::text AS not_found,
    NULL::integer AS max_age_seconds
   FROM public.deployment_routes
UNION ALL
 SELECT deployment_static_routes.app_id,
    deployment_static_routes.deployment_id,
    deployment_static_routes.route_id,
    NULL::uuid AS script_id,
    'GET'::text AS method,
    deployment_static_routes.host,
    deployment_static_routes.path,
    deployment_static_routes.changed_at,
    deployment_static_routes.fallback,
    deployment_static_routes.not_found,
    deployment_static_routes.max_age_seconds
   FROM public.deployment_static_routes;


--
-- Name: deployment_scripts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deployment_scripts (
    app_id uuid NOT NULL,
    deployment_id uuid NOT NULL,
    script_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    source_digest bytea NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT deployment_scripts_kind_known CHECK ((kind = ANY (ARRAY['endpoint'::text, 'module'::text])))
);


--
-- Name: deployments; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deployments (
    app_id uuid NOT NULL,
    id uuid NOT NULL,
    number integer NOT NULL,
    message text NOT NULL,
    created_by uuid,
    created_with uuid,
    created_at timestamp with time zone NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    contents_sha256 bytea,
    asset_set bytea,
    CONSTRAINT deployments_contents_length CHECK ((octet_length(contents_sha256) = 32)),
    CONSTRAINT deployments_number_positive CHECK ((number > 0))
);


--
-- Name: domains; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.domains (
    id uuid NOT NULL,
    app_id uuid NOT NULL,
    host text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    challenge text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    verified_at timestamp with time zone,
    checked_at timestamp with time zone,
    check_result text,
    failing_since timestamp with time zone,
    next_check_at timestamp with time zone,
    CONSTRAINT domains_kind_known CHECK ((kind = ANY (ARRAY['exact'::text, 'wildcard'::text]))),
    CONSTRAINT domains_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'verified'::text, 'suspended'::text, 'superseded'::text]))),
    CONSTRAINT domains_verified_has_time CHECK (((status <> 'verified'::text) OR (verified_at IS NOT NULL)))
);


--
-- Name: egress_rules; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.egress_rules (
    id uuid NOT NULL,
    app_id uuid NOT NULL,
    host text NOT NULL,
    port integer,
    scheme text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT egress_rules_port CHECK (((port >= 1) AND (port <= 65535))),
    CONSTRAINT egress_rules_scheme CHECK ((scheme = ANY (ARRAY['http'::text, 'https'::text])))
);


--
-- Name: execution_logs_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.execution_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: execution_logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.execution_logs (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    id bigint DEFAULT nextval('public.execution_logs_id_seq'::regclass) NOT NULL,
    execution_id uuid NOT NULL,
    script_id uuid NOT NULL,
    level text NOT NULL,
    message text NOT NULL,
    fields text
)
PARTITION BY RANGE (created_at);


--
-- Name: execution_logs_p20261126; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.execution_logs_p20261126 (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    id bigint DEFAULT nextval('public.execution_logs_id_seq'::regclass) NOT NULL,
    execution_id uuid NOT NULL,
    script_id uuid NOT NULL,
    level text NOT NULL,
    message text NOT NULL,
    fields text
);


--
-- Name: execution_logs_p20261127; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.execution_logs_p20261127 (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    id bigint DEFAULT nextval('public.execution_logs_id_seq'::regclass) NOT NULL,
    execution_id uuid NOT NULL,
    script_id uuid NOT NULL,
    level text NOT NULL,
    message text NOT NULL,
    fields text
);


--
-- Name: executions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.executions (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    request_id text NOT NULL,
    script_id uuid NOT NULL,
    route_id uuid,
    deployment integer NOT NULL,
    invocation_type text NOT NULL,
    outcome text NOT NULL,
    status smallint,
    method text NOT NULL,
    host text NOT NULL,
    path text NOT NULL,
    fuel_used bigint NOT NULL,
    memory_peak_bytes bigint NOT NULL,
    wall_us bigint NOT NULL,
    host_calls integer NOT NULL,
    error_message text,
    error_trace json,
    logs_dropped bigint NOT NULL,
    attempts smallint DEFAULT 1 NOT NULL,
    calls jsonb,
    job_id uuid
)
PARTITION BY RANGE (created_at);


--
-- Name: executions_p20261126; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.executions_p20261126 (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    request_id text NOT NULL,
    script_id uuid NOT NULL,
    route_id uuid,
    deployment integer NOT NULL,
    invocation_type text NOT NULL,
    outcome text NOT NULL,
    status smallint,
    method text NOT NULL,
    host text NOT NULL,
    path text NOT NULL,
    fuel_used bigint NOT NULL,
    memory_peak_bytes bigint NOT NULL,
    wall_us bigint NOT NULL,
    host_calls integer NOT NULL,
    error_message text,
    error_trace json,
    logs_dropped bigint NOT NULL,
    attempts smallint DEFAULT 1 NOT NULL,
    calls jsonb,
    job_id uuid
);


--
-- Name: executions_p20261127; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.executions_p20261127 (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    id uuid NOT NULL,
    request_id text NOT NULL,
    script_id uuid NOT NULL,
    route_id uuid,
    deployment integer NOT NULL,
    invocation_type text NOT NULL,
    outcome text NOT NULL,
    status smallint,
    method text NOT NULL,
    host text NOT NULL,
    path text NOT NULL,
    fuel_used bigint NOT NULL,
    memory_peak_bytes bigint NOT NULL,
    wall_us bigint NOT NULL,
    host_calls integer NOT NULL,
    error_message text,
    error_trace json,
    logs_dropped bigint NOT NULL,
    attempts smallint DEFAULT 1 NOT NULL,
    calls jsonb,
    job_id uuid
);


--
-- Name: file_blobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.file_blobs (
    app_id uuid NOT NULL,
    digest bytea NOT NULL,
    size bigint NOT NULL,
    unused_since timestamp with time zone,
    CONSTRAINT file_blobs_digest_length CHECK ((octet_length(digest) = 32)),
    CONSTRAINT file_blobs_size_range CHECK ((size >= 0))
);


--
-- Name: file_usage; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.file_usage (
    app_id uuid NOT NULL,
    stripe smallint NOT NULL,
    files bigint NOT NULL,
    bytes bigint NOT NULL,
    blob_bytes bigint NOT NULL
);


--
-- Name: file_version_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.file_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: files; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.files (
    app_id uuid NOT NULL,
    path text NOT NULL COLLATE pg_catalog."C",
    digest bytea NOT NULL,
    size bigint NOT NULL,
    version bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT files_path_size CHECK (((octet_length(path) >= 1) AND (octet_length(path) <= 1024)))
);


--
-- Name: idempotency_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency_keys (
    holder_id uuid NOT NULL,
    key_sha256 bytea NOT NULL,
    admin_id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    attempt_id uuid NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    action text,
    target text,
    ended boolean DEFAULT false NOT NULL,
    answer bytea,
    CONSTRAINT idempotency_keys_answered_is_done CHECK (((answer IS NULL) OR (action IS NOT NULL))),
    CONSTRAINT idempotency_keys_fingerprint_length CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT idempotency_keys_key_length CHECK ((octet_length(key_sha256) = 32))
);


--
-- Name: instance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.instance (
    singleton boolean DEFAULT true NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    preview_secret bytea,
    CONSTRAINT instance_one_row CHECK (singleton),
    CONSTRAINT instance_preview_secret_length CHECK ((octet_length(preview_secret) = 32))
);


--
-- Name: invitations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.invitations (
    id uuid NOT NULL,
    token_sha256 bytea NOT NULL,
    note text NOT NULL,
    role text NOT NULL,
    app_id uuid,
    app_role text,
    created_by uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    accepted_by uuid,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_accepted_by_somebody CHECK (((accepted_at IS NULL) = (accepted_by IS NULL))),
    CONSTRAINT invitations_app_has_role CHECK (((app_id IS NULL) = (app_role IS NULL))),
    CONSTRAINT invitations_app_role_known CHECK ((app_role = ANY (ARRAY['app_admin'::text, 'editor'::text, 'viewer'::text]))),
    CONSTRAINT invitations_role_known CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text]))),
    CONSTRAINT invitations_token_length CHECK ((octet_length(token_sha256) = 32))
);


--
-- Name: jobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.jobs (
    app_id uuid NOT NULL,
    id uuid NOT NULL,
    script_name text NOT NULL,
    payload text NOT NULL,
    depth integer NOT NULL,
    hops smallint NOT NULL,
    attempts_max smallint NOT NULL,
    backoff_ms integer NOT NULL,
    enqueued_at timestamp with time zone NOT NULL,
    enqueued_by uuid,
    attempts smallint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    execution_id uuid,
    deliveries smallint DEFAULT 0 NOT NULL,
    failed_execution_id uuid,
    failed_outcome text,
    failed_message text,
    died_at timestamp with time zone
);


--
-- Name: known_networks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.known_networks (
    admin_id uuid NOT NULL,
    network text NOT NULL,
    seen_at timestamp with time zone NOT NULL
);


--
-- Name: kv; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kv (
    app_id uuid NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL,
    version bigint NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT kv_key_size CHECK (((octet_length(key) >= 1) AND (octet_length(key) <= 512)))
);


--
-- Name: kv_usage; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kv_usage (
    app_id uuid NOT NULL,
    stripe smallint NOT NULL,
    keys bigint NOT NULL,
    bytes bigint NOT NULL
);


--
-- Name: kv_version_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.kv_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: log_in_failures; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.log_in_failures (
    account_sha256 bytea NOT NULL,
    network text NOT NULL,
    failures integer NOT NULL,
    last_at timestamp with time zone NOT NULL,
    CONSTRAINT log_in_failures_account_length CHECK ((octet_length(account_sha256) = 32))
);


--
-- Name: members; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.members (
    app_id uuid NOT NULL,
    admin_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT members_role_known CHECK ((role = ANY (ARRAY['app_admin'::text, 'editor'::text, 'viewer'::text])))
);


--
-- Name: recordings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recordings (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    execution_id uuid NOT NULL,
    script_id uuid NOT NULL,
    bytes integer NOT NULL,
    sealed bytea NOT NULL
)
PARTITION BY RANGE (created_at);


--
-- Name: recordings_p20261126; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recordings_p20261126 (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    execution_id uuid NOT NULL,
    script_id uuid NOT NULL,
    bytes integer NOT NULL,
    sealed bytea NOT NULL
);


--
-- Name: recordings_p20261127; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.recordings_p20261127 (
    app_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    execution_id uuid NOT NULL,
    script_id uuid NOT NULL,
    bytes integer NOT NULL,
    sealed bytea NOT NULL
);


--
-- Name: scripts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scripts (
    app_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: secret_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.secret_keys (
    app_id uuid NOT NULL,
    id uuid NOT NULL,
    master text NOT NULL,
    sealed bytea NOT NULL
);


--
-- Name: secret_version_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.secret_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: secrets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.secrets (
    app_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT secrets_name_size CHECK (((octet_length(name) >= 1) AND (octet_length(name) <= 64)))
);


--
-- Name: sessions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sessions (
    token_sha256 bytea NOT NULL,
    id uuid NOT NULL,
    admin_id uuid NOT NULL,
    ip text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_token_length CHECK ((octet_length(token_sha256) = 32))
);


--
-- Name: sources; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sources (
    app_id uuid NOT NULL,
    digest bytea NOT NULL,
    text text NOT NULL,
    CONSTRAINT sources_digest_length CHECK ((octet_length(digest) = 32))
);


--
-- Name: splits; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.splits (
    app_id uuid NOT NULL,
    id uuid NOT NULL,
    deployment_id uuid NOT NULL,
    percent smallint NOT NULL,
    sticky text NOT NULL,
    stop_above smallint,
    window_requests integer NOT NULL,
    started_by uuid,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_because text,
    CONSTRAINT splits_end_has_reason CHECK (((ended_at IS NULL) = (ended_because IS NULL))),
    CONSTRAINT splits_percent_range CHECK (((percent >= 1) AND (percent <= 99))),
    CONSTRAINT splits_stop_above_range CHECK (((stop_above >= 0) AND (stop_above <= 99))),
    CONSTRAINT splits_window_range CHECK (((window_requests >= 20) AND (window_requests <= 10000)))
);


--
-- Name: execution_logs_p20261126; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_logs ATTACH PARTITION public.execution_logs_p20261126 FOR VALUES FROM ('2026-11-26 00:00:00+00') TO ('2026-11-27 00:00:00+00');


--
-- Name: execution_logs_p20261127; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_logs ATTACH PARTITION public.execution_logs_p20261127 FOR VALUES FROM ('2026-11-27 00:00:00+00') TO ('2026-11-28 00:00:00+00');


--
-- Name: executions_p20261126; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.executions ATTACH PARTITION public.executions_p20261126 FOR VALUES FROM ('2026-11-26 00:00:00+00') TO ('2026-11-27 00:00:00+00');


--
-- Name: executions_p20261127; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.executions ATTACH PARTITION public.executions_p20261127 FOR VALUES FROM ('2026-11-27 00:00:00+00') TO ('2026-11-28 00:00:00+00');


--
-- Name: recordings_p20261126; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recordings ATTACH PARTITION public.recordings_p20261126 FOR VALUES FROM ('2026-11-26 00:00:00+00') TO ('2026-11-27 00:00:00+00');


--
-- Name: recordings_p20261127; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recordings ATTACH PARTITION public.recordings_p20261127 FOR VALUES FROM ('2026-11-27 00:00:00+00') TO ('2026-11-28 00:00:00+00');


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public._sqlx_migrations (version, description, installed_on, success, checksum, execution_time) FROM stdin;
1	identity	2026-11-26 15:03:57.936658+00	t	\\x191bc4be64ed9d9a56f398ad9d79712ca9689b82488451926345e99c3f9e049eead6f9b6611161e6e90d4c29c54212a4	31560052
2	apps	2026-11-26 15:03:57.971972+00	t	\\xcfca26299be8eb0491cac12f4beb99f7ad2c7cb52bc08803112f8b878f3b86539c92225ff1856129945b76eab2fc5ab4	19998575
3	code	2026-11-26 15:03:58.003471+00	t	\\x8255216585bf4ec480bc5bc3374c02bbe4b596ddb5a247ec1ccd23aff766e1ad7810b651b5f96be80aa733cee49ec3d3	20126469
4	runs	2026-11-26 15:03:58.019864+00	t	\\xf068342f02e238e01234c74ffbda01581f24449fca611b0f051ace30321157a74d2fae9949f53ff0d5533862e0e147f4	3060697
5	audit	2026-11-26 15:03:58.023054+00	t	\\x7697cf469856ccbf0a29bced50b011e433591fb322dd4100e3d5a6af52b46644762bd9ed09719a8defd2ebcb956ffe44	16958868
6	domain proofs	2026-11-26 15:03:58.040346+00	t	\\xf7f9e67889fda88a9fd4e939008d5f6d1d59dc11594bf54858613e4838b8c2490d9649ae9697fcb536c6a6810c0d7581	2073053
7	invitations	2026-11-26 15:03:58.042581+00	t	\\x20fb934ba142654064c6a7d4bd89ed7c5068760e1cb759c1573683949eee792288036ef19387410568c5ac27ccdd2576	5506103
8	log ins	2026-11-26 15:03:58.04826+00	t	\\xae0406f24f04a9f1dc64012c35c84e82a6c1f026d75007a0a2aed262d5606e5ac8dd5d9670e29f5d841e2e9d3cde181f	2533771
9	deployments	2026-11-26 15:03:58.050995+00	t	\\xe9639730a7f3612be49b6924ec989b9317a5089f3df444787b76f5f8f84529d4e62e9865ef823b16362cdf9076c361b0	16265767
10	splits	2026-11-26 15:03:58.067533+00	t	\\xabb34921e7811c1495d83ff410d19f02b1887d3cd5da19bf79665e8df02954dced988e0d4aca61597e9d156519d1df5c	4184050
11	idempotency	2026-11-26 15:03:58.071878+00	t	\\x3c1d88df5edb4934357ba2c5ec836982779b2b3ab0779e28d32608bd9941721fe82212dac8b80a2a6e8e5dcfcfe2dac1	5040548
12	key networks	2026-11-26 15:03:58.077053+00	t	\\x04a85b508f4bea44a6b5bd4db721e2dfdd3abaaf45f8ced5bbca89ed6053e361513bdee591652116e7c13976645797a1	1038558
13	audit states	2026-11-26 15:03:58.0796+00	t	\\xb16a7c400f06851233292d5d521c2611cabf6d5e37bff8c3162dba935eacfff83783e2f314aa772787629c6e5d161b44	909203
15	kv	2026-11-26 15:03:58.080598+00	t	\\x9221125a298242c33059bb04213700806b0b88de0d0c2a3a1686c19bf1de91b19d1cb171c9a4552a6fd33cad8ca8caec	7774017
16	egress	2026-11-26 15:03:58.088517+00	t	\\x5aade0e7ffff9a1b559c65d51727a2a295a0d9e89b177e4ba27a8c7cc57b0940e49686219899863cf733a878bcabd177	2895785
17	secrets	2026-11-26 15:03:58.091632+00	t	\\x3bcfb71861b007303034a521792b31749123abd4cb553914af9bbbf8ac2ec8c406bac1a9df96c401fbf416adc139bf3f	11959705
18	recordings	2026-11-26 15:03:58.106559+00	t	\\xe3ee1eff63645a09fc4a17b76fba5a8f45d892b95c836d4d08a52aabd5a4d08fdb6afa96845c768013d387602bbb62bd	14302092
19	files	2026-11-26 15:03:58.118576+00	t	\\x932fe8ca70254c9bd625abbc7714276f5df5578591d0dc20f9b6f2aff5d1b2b94ccfe2fdbc959131a68b1be623917a86	13112488
20	assets	2026-11-26 15:03:58.132007+00	t	\\x34f18773cb5e1a950ed2cd5ba4179355911c1e578a9d12485beba59d6b7d08ee4066a9bba463326ad3ecd802ee14a618	10742197
21	jobs	2026-11-26 15:03:58.143551+00	t	\\xcfd41c376ced38810d54cc8afe08398feee5117e9d0c5a0bf4ba01261f91ba36fcc18e25c1351a1f71fe424711a4dd41	12132200
\.


--
-- Data for Name: activations; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.activations (app_id, id, number, previous, cause, message, activated_by, activated_with, activated_at) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	01a21862-7fd8-7000-8aa9-1f840e1a5aaf	1	\N	deploy	The first app	01a21862-7fd8-7000-8295-a2e02a52d3a0	\N	2026-11-26 15:03:58.168493+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8829-7000-943c-bf9bb9bda653	1	\N	deploy	Create script home	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8961-7000-9829-3f1971589dfb	2	1	deploy	Create route ANY /	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89af-7000-9cb2-977ff2d773f9	3	2	deploy	Create script count	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89f5-7000-a0d8-3d069d23f468	4	3	deploy	Create route ANY /count	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a483-5670b69a8653	5	4	deploy	Create script kept	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a8ac-38ddf9210a95	6	5	deploy	Create route ANY /kept	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-ac1c-b3c8b8e34c4f	7	6	deploy	Create script secret	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-b0d7-fcb97b4b6a63	8	7	deploy	Create route ANY /secret	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b4d1-0f682ed79504	9	8	deploy	Create script done	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b86d-b8d0dbe23310	10	9	deploy	Create script later	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bcdd-e761d701c629	11	10	deploy	Create route ANY /later	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.045272+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7001-80f8-fe6500ea5de2	12	11	deploy	Create script job	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.155187+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-8459-324afec63068	13	12	deploy	Create route ANY /job	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.254299+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-88be-20121f58cbc5	14	13	deploy	Create script fails	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.323956+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8cfa-927d7f3524c1	15	14	deploy	Create route ANY /fails	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.441269+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8f1b-ffac9beb93eb	16	15	deploy	Change script home	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.493433+00
\.


--
-- Data for Name: admins; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.admins (id, username, display_name, password_hash, role, active, created_at) FROM stdin;
01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	owner	$argon2id$v=19$m=19456,t=2,p=1$aDq0alocOONiH86BRUEbvg$RcCcOfHxH9lK31q9Mcs2cce1bljTIz6VUDKKfPeV6AY	owner	t	2026-11-26 15:03:58.168493+00
\.


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.api_keys (id, key_sha256, name, prefix, last4, scopes, app_id, created_by, created_at, expires_at, last_used_at, revoked_at, networks) FROM stdin;
01a21862-879c-7000-8ef4-ea645cb23116	\\x513e73cc153df814efd0b370f90613b42c9b321edeba3b7c1f3928a68c87e3b5	tests	pic_all_sLKF	lsoG	{script:read,script:write,script:execute,route:write,domain:write,secret:write,data:read,data:write,log:read,app:admin,instance:admin}	\N	01a21862-7fd8-7000-8295-a2e02a52d3a0	2026-11-26 15:04:00.156894+00	2027-02-24 15:04:00.156894+00	2026-11-26 15:04:00.20538+00	\N	{}
\.


--
-- Data for Name: app_tombstones; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.app_tombstones (app_id, slug, deleted_at, deleted_by) FROM stdin;
\.


--
-- Data for Name: apps; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.apps (id, slug, name, active_deployment_id, last_deployment, limits, created_at, previous_deployment_id) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	hello	Hello	01a21862-7fd8-7000-89b1-9bb1036e08d5	1	\N	2026-11-26 15:03:58.168493+00	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	shop	Shop	01a21862-8cd5-7001-8e30-7d658a7f5bb8	16	\N	2026-11-26 15:04:00.220474+00	01a21862-8ca1-7001-8bbc-4cf6a7886f34
\.


--
-- Data for Name: asset_blobs; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.asset_blobs (app_id, digest, size, stored_at, unused_since) FROM stdin;
\.


--
-- Data for Name: asset_set_entries; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.asset_set_entries (app_id, set_digest, path, digest) FROM stdin;
\.


--
-- Data for Name: asset_sets; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.asset_sets (app_id, digest, created_at) FROM stdin;
\.


--
-- Data for Name: asset_usage; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.asset_usage (app_id, bytes, blob_bytes) FROM stdin;
\.


--
-- Data for Name: audit; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.audit (app_id, seq, id, at, actor_id, actor, key_id, ip, request_id, action, target, details, previous_hash, hash, before_sha256, after_sha256) FROM stdin;
00000000-0000-0000-0000-000000000000	1	01a21862-7fd8-7000-8367-dc18b97df6c5	2026-11-26 15:03:58.168493+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	\N	\N	\N	admin.created	01a21862-7fd8-7000-8295-a2e02a52d3a0	{"role": "owner", "username": "owner"}	\\x0000000000000000000000000000000000000000000000000000000000000000	\\x4656f480ed4359f046469b9a36f5b7b21c38db05292c2473fa43a7ef7d973b30	\N	\\x54bcb5ebdf25f15130fffe42f896afe1f37767e0644488a2d84685ab47092f6a
01a21862-7fd8-7000-8420-2823086141ae	1	01a21862-7fd8-7000-85ff-af7861d54419	2026-11-26 15:03:58.168493+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	\N	\N	\N	app.created	01a21862-7fd8-7000-8420-2823086141ae	{"name": "Hello", "slug": "hello"}	\\x0000000000000000000000000000000000000000000000000000000000000000	\\x066c08404169590ecca14380316611a6bb410267727a504d043c13c322ca3d11	\N	\\xcce11de92f8117b828b933657e3af899f3b52a36a7428effac4bd3cbe9050ded
01a21862-7fd8-7000-8420-2823086141ae	2	01a21862-7fd8-7000-8be0-11cd254beff8	2026-11-26 15:03:58.168493+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	\N	\N	\N	deployment.created	01a21862-7fd8-7000-89b1-9bb1036e08d5	{"number": 1, "changes": [{"name": "hello", "create_script": "01a21862-7fd8-7000-8627-da098fcceab0"}, {"host": null, "path": "/", "method": null, "script": "01a21862-7fd8-7000-8627-da098fcceab0", "create_route": "01a21862-7fd8-7000-8728-8a3cdfb6eb50"}, {"host": null, "path": "/greet/:name", "method": null, "script": "01a21862-7fd8-7000-8627-da098fcceab0", "create_route": "01a21862-7fd8-7000-8805-d4eada2e8ccd"}], "message": "The first app", "changes_total": 3}	\\x066c08404169590ecca14380316611a6bb410267727a504d043c13c322ca3d11	\\x9edd3833e4f14066dce50b8f63fe853a45ead8ed19ec8404df0ed5342604ca47	\N	\\x1f92fdbc0288b11f987c8f855b25f0d2c9342d4cd394ed4cb301319d285e74e1
00000000-0000-0000-0000-000000000000	2	01a21862-868a-7000-8d50-a240f376e4b3	2026-11-26 15:03:59.882064+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	\N	127.0.0.1	01a21862-8684-765f-8457-bb916a1b1225	session.created	01a21862-868a-7000-8c4a-9bc4f4cbc6a9	{"user_agent": "Python-urllib/3.11"}	\\x4656f480ed4359f046469b9a36f5b7b21c38db05292c2473fa43a7ef7d973b30	\\x29648081ccb98aa8661fe50c44c7d7713827df6d3346c95b216838538ec287f3	\N	\\x6cfca0ea38a398011e4793df4a17662c68b7a65f1262bc75cfa9d5422ec1744e
00000000-0000-0000-0000-000000000000	3	01a21862-879c-7000-8f1b-c2b423035b3a	2026-11-26 15:04:00.156894+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	\N	127.0.0.1	01a21862-879b-772c-a2ad-5e80744be183	api_key.created	01a21862-879c-7000-8ef4-ea645cb23116	{"name": "tests", "last4": "lsoG", "prefix": "pic_all_sLKF", "scopes": ["script:read", "script:write", "script:execute", "route:write", "domain:write", "secret:write", "data:read", "data:write", "log:read", "app:admin", "instance:admin"], "networks": [], "expires_at": "2027-02-24T15:04:00.156894Z"}	\\x29648081ccb98aa8661fe50c44c7d7713827df6d3346c95b216838538ec287f3	\\x99a268082256c1aae479a4b16046d5b9367402928255a0976d1f45a721d4a821	\N	\\xd00c849df3af109c9691ce90fa8881debe6152619b2f6d631991b8716bdf3522
01a21862-87dc-7000-90f5-508ca62f1bd9	1	01a21862-87dc-7000-9151-8a7648b9a5a4	2026-11-26 15:04:00.220474+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-87cd-7504-b9cc-7db32c3882b2	app.created	01a21862-87dc-7000-90f5-508ca62f1bd9	{"name": "Shop", "slug": "shop"}	\\x0000000000000000000000000000000000000000000000000000000000000000	\\x348fcc00df69c8c0b269697f05819a1246fcae13902cbf58d7fbc063a601c7ea	\N	\\x9b38eee1d0fbf5ae22f95127c7f23df034f4ba85a347f0477b3aca3919b2cc5c
01a21862-87dc-7000-90f5-508ca62f1bd9	2	01a21862-8829-7000-95a2-e49dd5e2f700	2026-11-26 15:04:00.297686+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-87ff-766a-aa84-256734d6943a	deployment.created	01a21862-8829-7000-9347-0a5cbf8c29fc	{"number": 1, "changes": [{"name": "home", "create_script": "01a21862-8829-7000-92bb-7c51ada7f7e8"}], "message": "Create script home", "changes_total": 1}	\\x348fcc00df69c8c0b269697f05819a1246fcae13902cbf58d7fbc063a601c7ea	\\x71ee746a06411788e4cdc42d612e9934a553d14290c4e6f981224cc3993e47ea	\N	\\xbe5dbb708847230150df8856134f76728f536a1248d1a45727de7a2c7e0bc7a7
01a21862-87dc-7000-90f5-508ca62f1bd9	3	01a21862-8961-7000-992d-187cf0cc74ee	2026-11-26 15:04:00.609765+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8953-704d-8402-4e82f61700dc	deployment.created	01a21862-8961-7000-9785-eea47ed6cf79	{"number": 2, "changes": [{"host": null, "path": "/", "method": null, "script": "01a21862-8829-7000-92bb-7c51ada7f7e8", "create_route": "01a21862-8960-7000-96cb-4115c976d9e5"}], "message": "Create route ANY /", "changes_total": 1}	\\x71ee746a06411788e4cdc42d612e9934a553d14290c4e6f981224cc3993e47ea	\\xf6b2cb216fd04c1479e61295e05767076fed34a5f282b46e898967c4bb8a0abe	\\xbe5dbb708847230150df8856134f76728f536a1248d1a45727de7a2c7e0bc7a7	\\x448cb1c4e5e3398fa9a654c8b022b2319b6bcbf970b7b2cd851f79536725a380
01a21862-87dc-7000-90f5-508ca62f1bd9	4	01a21862-89af-7000-9d3c-c1c4a0d1a5aa	2026-11-26 15:04:00.687206+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-89ac-74a0-baa6-7f380dda6f83	deployment.created	01a21862-89af-7000-9b47-3e645154c6df	{"number": 3, "changes": [{"name": "count", "create_script": "01a21862-89ae-7000-9a85-83f13ad3107f"}], "message": "Create script count", "changes_total": 1}	\\xf6b2cb216fd04c1479e61295e05767076fed34a5f282b46e898967c4bb8a0abe	\\xd3ab1ba9e4172be0152b9efdf98ac3255b87e949d29a2f95263e1a073004d215	\\x448cb1c4e5e3398fa9a654c8b022b2319b6bcbf970b7b2cd851f79536725a380	\\x0e9f87835cfbbb51e65b47b9cf454cc8059cae7699d14042c13daa3d92f8a29c
01a21862-87dc-7000-90f5-508ca62f1bd9	5	01a21862-89f5-7000-a1e5-bdb492302297	2026-11-26 15:04:00.757892+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-89f2-761b-89d0-1b68139963d7	deployment.created	01a21862-89f5-7000-9fe0-923723ed787d	{"number": 4, "changes": [{"host": null, "path": "/count", "method": null, "script": "01a21862-89ae-7000-9a85-83f13ad3107f", "create_route": "01a21862-89f4-7000-9e06-66126eaa8bed"}], "message": "Create route ANY /count", "changes_total": 1}	\\xd3ab1ba9e4172be0152b9efdf98ac3255b87e949d29a2f95263e1a073004d215	\\xc25a5e78dea0dd5cfea156affc0a3202450dea63190bab9b2ecedcb638c29b26	\\x0e9f87835cfbbb51e65b47b9cf454cc8059cae7699d14042c13daa3d92f8a29c	\\x692a9eee823b662800f1f245142187a1acce776a10731a7ead2e109f86aa6a95
01a21862-87dc-7000-90f5-508ca62f1bd9	6	01a21862-8a0d-7000-a53e-0d78446a78ab	2026-11-26 15:04:00.781509+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8a0b-77bb-a9b8-c6930b00d008	deployment.created	01a21862-8a0d-7000-a3e5-187ccd7243fd	{"number": 5, "changes": [{"name": "kept", "create_script": "01a21862-8a0d-7000-a251-28e3c08a946e"}], "message": "Create script kept", "changes_total": 1}	\\xc25a5e78dea0dd5cfea156affc0a3202450dea63190bab9b2ecedcb638c29b26	\\x7efb41e03268e8f2ba0746a42797e34fe5152f02c61e920b12c501b62b94af16	\\x692a9eee823b662800f1f245142187a1acce776a10731a7ead2e109f86aa6a95	\\x78dbeeff1758d1888de45ed712b45bc35a4fc4263c43a23b13f2b42d6457ef84
01a21862-87dc-7000-90f5-508ca62f1bd9	7	01a21862-8a38-7000-a92c-8cdcb19a6c54	2026-11-26 15:04:00.824165+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8a27-76b9-88eb-8d06f8e77daa	deployment.created	01a21862-8a38-7000-a7e8-655284d3a281	{"number": 6, "changes": [{"host": null, "path": "/kept", "method": null, "script": "01a21862-8a0d-7000-a251-28e3c08a946e", "create_route": "01a21862-8a2b-7000-a656-a001f84bab5b"}], "message": "Create route ANY /kept", "changes_total": 1}	\\x7efb41e03268e8f2ba0746a42797e34fe5152f02c61e920b12c501b62b94af16	\\x952b265647b5fca02c356344829723e806903332fb1b44a7064dea9118e6fa8e	\\x78dbeeff1758d1888de45ed712b45bc35a4fc4263c43a23b13f2b42d6457ef84	\\x58d3c9dc1248e8d56eb3d2ec33e2259e7285c5a712209a903ae8549b6d11de11
01a21862-87dc-7000-90f5-508ca62f1bd9	8	01a21862-8a62-7000-ad93-7a7839a6bbef	2026-11-26 15:04:00.866067+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8a5c-75ac-8c6b-23709e1d354a	deployment.created	01a21862-8a62-7000-abf0-a30af558edb8	{"number": 7, "changes": [{"name": "secret", "create_script": "01a21862-8a61-7000-aa38-613ad38556bf"}], "message": "Create script secret", "changes_total": 1}	\\x952b265647b5fca02c356344829723e806903332fb1b44a7064dea9118e6fa8e	\\xa3adcf19e9aec030fdbe8352f89322b2228e5ec5df6934132aab1d839c725711	\\x58d3c9dc1248e8d56eb3d2ec33e2259e7285c5a712209a903ae8549b6d11de11	\\x61bb619dfef20a81909b654c60f006ca7842370af20d0d8c4ae1c3b48077d88e
01a21862-87dc-7000-90f5-508ca62f1bd9	9	01a21862-8a85-7000-b1ba-432b684bbf04	2026-11-26 15:04:00.90109+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8a81-7493-ad02-5b8caa4031ac	deployment.created	01a21862-8a85-7000-aff7-d96b38aae4bc	{"number": 8, "changes": [{"host": null, "path": "/secret", "method": null, "script": "01a21862-8a61-7000-aa38-613ad38556bf", "create_route": "01a21862-8a84-7000-ae87-bfb0dbaf3bdc"}], "message": "Create route ANY /secret", "changes_total": 1}	\\xa3adcf19e9aec030fdbe8352f89322b2228e5ec5df6934132aab1d839c725711	\\xc441a00fef37d39f2722342332586169992725b0c513b578259a8980e2106a8b	\\x61bb619dfef20a81909b654c60f006ca7842370af20d0d8c4ae1c3b48077d88e	\\x4b7641ebddaaea10c05dd10c22bc11a4c3a07c98b8d7a65bce4c8a0951c12c41
01a21862-87dc-7000-90f5-508ca62f1bd9	10	01a21862-8ab0-7000-b5de-1edd43121201	2026-11-26 15:04:00.944536+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8aa7-7313-acdc-ad604c2e4927	deployment.created	01a21862-8ab0-7000-b312-5c4eee3ce38e	{"number": 9, "changes": [{"name": "done", "create_script": "01a21862-8ab0-7000-b23e-a6179a8ca05c"}], "message": "Create script done", "changes_total": 1}	\\xc441a00fef37d39f2722342332586169992725b0c513b578259a8980e2106a8b	\\x1df823f86ad748334f7a5829d1a603dd90ab0968bda49d19c87015c341f40694	\\x4b7641ebddaaea10c05dd10c22bc11a4c3a07c98b8d7a65bce4c8a0951c12c41	\\x4bfc25538cdbe3ad66d22760e27e2ee733b25ccbd1cc882aac4ce6dabdd6bf0c
01a21862-87dc-7000-90f5-508ca62f1bd9	11	01a21862-8af0-7000-b9f8-0241011b60a8	2026-11-26 15:04:01.008685+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8ae7-76ed-ad5b-1810bb675944	deployment.created	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	{"number": 10, "changes": [{"name": "later", "create_script": "01a21862-8af0-7000-b6f5-f45ab13a4cdf"}], "message": "Create script later", "changes_total": 1}	\\x1df823f86ad748334f7a5829d1a603dd90ab0968bda49d19c87015c341f40694	\\xeb6b23f2fdebb6e73435f6ab2457ffc6311ca233214a422689c9deec918ab39c	\\x4bfc25538cdbe3ad66d22760e27e2ee733b25ccbd1cc882aac4ce6dabdd6bf0c	\\x546ecb17974ae84a8983223953790aa5a1f1ad671b74248bbeb6620f015f9448
01a21862-87dc-7000-90f5-508ca62f1bd9	12	01a21862-8b15-7000-bda1-d5fb75a6bedf	2026-11-26 15:04:01.045272+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8b10-74ec-88f0-d64df416b8e5	deployment.created	01a21862-8b15-7000-bb9d-7015b82b8785	{"number": 11, "changes": [{"host": null, "path": "/later", "method": null, "script": "01a21862-8af0-7000-b6f5-f45ab13a4cdf", "create_route": "01a21862-8b14-7000-ba53-484cbbcc719c"}], "message": "Create route ANY /later", "changes_total": 1}	\\xeb6b23f2fdebb6e73435f6ab2457ffc6311ca233214a422689c9deec918ab39c	\\xf8225ae2e98d767f487f4509aa2392f1d805629d5a6314f3bcb49943ce39a332	\\x546ecb17974ae84a8983223953790aa5a1f1ad671b74248bbeb6620f015f9448	\\x1417dc4e44476bc2e186ffa0958518ec3aefa1c306b6fa2b725b293b931a0425
01a21862-87dc-7000-90f5-508ca62f1bd9	18	01a21862-8d44-7001-928d-37889e598093	2026-11-26 15:04:01.604067+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8d39-742a-839c-fcb97869139f	secret.set	TOKEN	{"version": 1}	\\xfafae458b183c127a4a161f5ea2085ec8655a9f71d138a8eebd6048cd0e23ff9	\\x5c8f8621c1fb1934b953ef4eb7eae51a7897db7ac3d89515578d42595e6cc3e9	\N	\\xb5c6e69f03794c55ea59c543a311a732eb1708cc81d2b377993c6fc3dca81ccb
01a21862-87dc-7000-90f5-508ca62f1bd9	13	01a21862-8b83-7001-8164-7a32693aadf8	2026-11-26 15:04:01.155187+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8b7d-749a-aa89-2ae98f66b9c4	deployment.created	01a21862-8b83-7000-bff1-3f066dfb6aee	{"number": 12, "changes": [{"name": "job", "create_script": "01a21862-8b82-7000-bebb-51c0bc445d41"}], "message": "Create script job", "changes_total": 1}	\\xf8225ae2e98d767f487f4509aa2392f1d805629d5a6314f3bcb49943ce39a332	\\x64ee2f3ea0b35e24ba2da92df956274d58bf297e790561da0afb852b99c8f069	\\x1417dc4e44476bc2e186ffa0958518ec3aefa1c306b6fa2b725b293b931a0425	\\x1d03d086e304ddd2eca33361a16b9df932e72e5f443c974838c167bacc60b556
01a21862-87dc-7000-90f5-508ca62f1bd9	16	01a21862-8ca1-7001-8d1b-734c5f2d0ebf	2026-11-26 15:04:01.441269+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8c99-74bc-99fe-171700bc6467	deployment.created	01a21862-8ca1-7001-8bbc-4cf6a7886f34	{"number": 15, "changes": [{"host": null, "path": "/fails", "method": null, "script": "01a21862-8c2b-7001-86c6-818f99b8e8cb", "create_route": "01a21862-8ca0-7001-8a63-149577238f4d"}], "message": "Create route ANY /fails", "changes_total": 1}	\\x9b349bb0ffbc910d1c2b0c94012677a78b3074fa7ea832e624a4e0cc8804bb4e	\\x206ffe4e3d58782255a03aa31b9186178bc30d12862ee1bf9d9db764acddafe1	\\x4052878ae370076b8d50f7508449a187019d161a39b12c3efb8475f5a9637d6e	\\x80ef4b78004b8878eb9e751d81d9aaebd1c28d13b30ca9d37c06a9466b32582c
01a21862-87dc-7000-90f5-508ca62f1bd9	17	01a21862-8cd5-7001-90c6-ca42bed2fdd2	2026-11-26 15:04:01.493433+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8cd0-7015-b483-e5a07da2a8bb	deployment.created	01a21862-8cd5-7001-8e30-7d658a7f5bb8	{"number": 16, "changes": [{"kind": null, "name": null, "update_script": "01a21862-8829-7000-92bb-7c51ada7f7e8", "source_changed": true}], "message": "Change script home", "changes_total": 1}	\\x206ffe4e3d58782255a03aa31b9186178bc30d12862ee1bf9d9db764acddafe1	\\xfafae458b183c127a4a161f5ea2085ec8655a9f71d138a8eebd6048cd0e23ff9	\\x80ef4b78004b8878eb9e751d81d9aaebd1c28d13b30ca9d37c06a9466b32582c	\\x2c1ac451a4516d5d68fdf83beb654302a7aec524d715781b87a4617b9297a1c8
01a21862-87dc-7000-90f5-508ca62f1bd9	14	01a21862-8be6-7001-854b-17fa5045102e	2026-11-26 15:04:01.254299+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8be1-7593-b045-54a817e8cfb0	deployment.created	01a21862-8be6-7001-83c8-d13f0ea92e1b	{"number": 13, "changes": [{"host": null, "path": "/job", "method": null, "script": "01a21862-8b82-7000-bebb-51c0bc445d41", "create_route": "01a21862-8be5-7001-8258-c92c372d19ce"}], "message": "Create route ANY /job", "changes_total": 1}	\\x64ee2f3ea0b35e24ba2da92df956274d58bf297e790561da0afb852b99c8f069	\\x5de75355a48e8e0bc74f83f4183cbbb5fa10155f3ebc9b31a2caee42b1c6e329	\\x1d03d086e304ddd2eca33361a16b9df932e72e5f443c974838c167bacc60b556	\\x818adbd7f8947954982e5d567f40a52ed1b64b9cedbecec361231f75948b32a5
01a21862-87dc-7000-90f5-508ca62f1bd9	15	01a21862-8c2b-7001-8934-6e2edc00e7e4	2026-11-26 15:04:01.323956+00	01a21862-7fd8-7000-8295-a2e02a52d3a0	owner	01a21862-879c-7000-8ef4-ea645cb23116	127.0.0.1	01a21862-8c28-7642-a895-509e56ff99af	deployment.created	01a21862-8c2b-7001-8731-120bf90581b3	{"number": 14, "changes": [{"name": "fails", "create_script": "01a21862-8c2b-7001-86c6-818f99b8e8cb"}], "message": "Create script fails", "changes_total": 1}	\\x5de75355a48e8e0bc74f83f4183cbbb5fa10155f3ebc9b31a2caee42b1c6e329	\\x9b349bb0ffbc910d1c2b0c94012677a78b3074fa7ea832e624a4e0cc8804bb4e	\\x818adbd7f8947954982e5d567f40a52ed1b64b9cedbecec361231f75948b32a5	\\x4052878ae370076b8d50f7508449a187019d161a39b12c3efb8475f5a9637d6e
\.


--
-- Data for Name: audit_chains; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.audit_chains (app_id, last_seq, last_hash) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	2	\\x9edd3833e4f14066dce50b8f63fe853a45ead8ed19ec8404df0ed5342604ca47
00000000-0000-0000-0000-000000000000	3	\\x99a268082256c1aae479a4b16046d5b9367402928255a0976d1f45a721d4a821
01a21862-87dc-7000-90f5-508ca62f1bd9	18	\\x5c8f8621c1fb1934b953ef4eb7eae51a7897db7ac3d89515578d42595e6cc3e9
\.


--
-- Data for Name: deployment_routes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deployment_routes (app_id, deployment_id, route_id, script_id, method, host, path, changed_at) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	01a21862-7fd8-7000-89b1-9bb1036e08d5	01a21862-7fd8-7000-8728-8a3cdfb6eb50	01a21862-7fd8-7000-8627-da098fcceab0	\N	\N	/	2026-11-26 15:03:58.168493+00
01a21862-7fd8-7000-8420-2823086141ae	01a21862-7fd8-7000-89b1-9bb1036e08d5	01a21862-7fd8-7000-8805-d4eada2e8ccd	01a21862-7fd8-7000-8627-da098fcceab0	\N	\N	/greet/:name	2026-11-26 15:03:58.168493+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8961-7000-9785-eea47ed6cf79	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89af-7000-9b47-3e645154c6df	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89f5-7000-9fe0-923723ed787d	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89f5-7000-9fe0-923723ed787d	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a3e5-187ccd7243fd	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a3e5-187ccd7243fd	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a7e8-655284d3a281	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a7e8-655284d3a281	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a7e8-655284d3a281	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8b14-7000-ba53-484cbbcc719c	01a21862-8af0-7000-b6f5-f45ab13a4cdf	\N	\N	/later	2026-11-26 15:04:01.045272+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8b14-7000-ba53-484cbbcc719c	01a21862-8af0-7000-b6f5-f45ab13a4cdf	\N	\N	/later	2026-11-26 15:04:01.045272+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8b14-7000-ba53-484cbbcc719c	01a21862-8af0-7000-b6f5-f45ab13a4cdf	\N	\N	/later	2026-11-26 15:04:01.045272+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8be5-7001-8258-c92c372d19ce	01a21862-8b82-7000-bebb-51c0bc445d41	\N	\N	/job	2026-11-26 15:04:01.254299+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8b14-7000-ba53-484cbbcc719c	01a21862-8af0-7000-b6f5-f45ab13a4cdf	\N	\N	/later	2026-11-26 15:04:01.045272+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8be5-7001-8258-c92c372d19ce	01a21862-8b82-7000-bebb-51c0bc445d41	\N	\N	/job	2026-11-26 15:04:01.254299+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8b14-7000-ba53-484cbbcc719c	01a21862-8af0-7000-b6f5-f45ab13a4cdf	\N	\N	/later	2026-11-26 15:04:01.045272+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8be5-7001-8258-c92c372d19ce	01a21862-8b82-7000-bebb-51c0bc445d41	\N	\N	/job	2026-11-26 15:04:01.254299+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8ca0-7001-8a63-149577238f4d	01a21862-8c2b-7001-86c6-818f99b8e8cb	\N	\N	/fails	2026-11-26 15:04:01.441269+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8960-7000-96cb-4115c976d9e5	01a21862-8829-7000-92bb-7c51ada7f7e8	\N	\N	/	2026-11-26 15:04:00.609765+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-89f4-7000-9e06-66126eaa8bed	01a21862-89ae-7000-9a85-83f13ad3107f	\N	\N	/count	2026-11-26 15:04:00.757892+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8a2b-7000-a656-a001f84bab5b	01a21862-8a0d-7000-a251-28e3c08a946e	\N	\N	/kept	2026-11-26 15:04:00.824165+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	01a21862-8a61-7000-aa38-613ad38556bf	\N	\N	/secret	2026-11-26 15:04:00.90109+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8b14-7000-ba53-484cbbcc719c	01a21862-8af0-7000-b6f5-f45ab13a4cdf	\N	\N	/later	2026-11-26 15:04:01.045272+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8be5-7001-8258-c92c372d19ce	01a21862-8b82-7000-bebb-51c0bc445d41	\N	\N	/job	2026-11-26 15:04:01.254299+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8ca0-7001-8a63-149577238f4d	01a21862-8c2b-7001-86c6-818f99b8e8cb	\N	\N	/fails	2026-11-26 15:04:01.441269+00
\.


--
-- Data for Name: deployment_scripts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deployment_scripts (app_id, deployment_id, script_id, name, kind, source_digest, changed_at) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	01a21862-7fd8-7000-89b1-9bb1036e08d5	01a21862-7fd8-7000-8627-da098fcceab0	hello	endpoint	\\x3c5e81af6956f0473830f9445bf7a30838c2613c353c7f49210667a3ab7c8dc7	2026-11-26 15:03:58.168493+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8829-7000-9347-0a5cbf8c29fc	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8961-7000-9785-eea47ed6cf79	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89af-7000-9b47-3e645154c6df	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89af-7000-9b47-3e645154c6df	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89f5-7000-9fe0-923723ed787d	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89f5-7000-9fe0-923723ed787d	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a3e5-187ccd7243fd	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a3e5-187ccd7243fd	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a3e5-187ccd7243fd	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a7e8-655284d3a281	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a7e8-655284d3a281	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a7e8-655284d3a281	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	01a21862-8af0-7000-b6f5-f45ab13a4cdf	later	endpoint	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	01a21862-8af0-7000-b6f5-f45ab13a4cdf	later	endpoint	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8af0-7000-b6f5-f45ab13a4cdf	later	endpoint	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	01a21862-8b82-7000-bebb-51c0bc445d41	job	endpoint	\\x66575e03b5e7104f59bf85d1b5815efcd856e6eb5abb4c8b1ca490bf6b3caaa5	2026-11-26 15:04:01.155187+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8af0-7000-b6f5-f45ab13a4cdf	later	endpoint	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	01a21862-8b82-7000-bebb-51c0bc445d41	job	endpoint	\\x66575e03b5e7104f59bf85d1b5815efcd856e6eb5abb4c8b1ca490bf6b3caaa5	2026-11-26 15:04:01.155187+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8af0-7000-b6f5-f45ab13a4cdf	later	endpoint	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8b82-7000-bebb-51c0bc445d41	job	endpoint	\\x66575e03b5e7104f59bf85d1b5815efcd856e6eb5abb4c8b1ca490bf6b3caaa5	2026-11-26 15:04:01.155187+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	01a21862-8c2b-7001-86c6-818f99b8e8cb	fails	endpoint	\\x23b737422f7ac376c0a2d88b6168529c478b7ab5877595e4e8eb4b4293f9c64d	2026-11-26 15:04:01.323956+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8af0-7000-b6f5-f45ab13a4cdf	later	endpoint	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8b82-7000-bebb-51c0bc445d41	job	endpoint	\\x66575e03b5e7104f59bf85d1b5815efcd856e6eb5abb4c8b1ca490bf6b3caaa5	2026-11-26 15:04:01.155187+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	01a21862-8c2b-7001-86c6-818f99b8e8cb	fails	endpoint	\\x23b737422f7ac376c0a2d88b6168529c478b7ab5877595e4e8eb4b4293f9c64d	2026-11-26 15:04:01.323956+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8829-7000-92bb-7c51ada7f7e8	home	endpoint	\\x7b84386f64dbd39200696dcf6c3036e9ef76a0990688dc006861088064bf8a5d	2026-11-26 15:04:01.493433+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-89ae-7000-9a85-83f13ad3107f	count	endpoint	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8a0d-7000-a251-28e3c08a946e	kept	endpoint	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8a61-7000-aa38-613ad38556bf	secret	endpoint	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8ab0-7000-b23e-a6179a8ca05c	done	endpoint	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8af0-7000-b6f5-f45ab13a4cdf	later	endpoint	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8b82-7000-bebb-51c0bc445d41	job	endpoint	\\x66575e03b5e7104f59bf85d1b5815efcd856e6eb5abb4c8b1ca490bf6b3caaa5	2026-11-26 15:04:01.155187+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	01a21862-8c2b-7001-86c6-818f99b8e8cb	fails	endpoint	\\x23b737422f7ac376c0a2d88b6168529c478b7ab5877595e4e8eb4b4293f9c64d	2026-11-26 15:04:01.323956+00
\.


--
-- Data for Name: deployment_static_routes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deployment_static_routes (app_id, deployment_id, route_id, host, path, fallback, not_found, max_age_seconds, changed_at) FROM stdin;
\.


--
-- Data for Name: deployments; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deployments (app_id, id, number, message, created_by, created_with, created_at, settings, contents_sha256, asset_set) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	01a21862-7fd8-7000-89b1-9bb1036e08d5	1	The first app	01a21862-7fd8-7000-8295-a2e02a52d3a0	\N	2026-11-26 15:03:58.168493+00	{}	\\x6479e41e3d1211e4ff9536b1e5f6eb86fce8797b59af19d7f09a7b909ae9a394	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8829-7000-9347-0a5cbf8c29fc	1	Create script home	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.297686+00	{}	\\xd21c76ebb72c39fa2dd1d454968e02b96c9ce703278ca8dd621c72f7a0366c44	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8961-7000-9785-eea47ed6cf79	2	Create route ANY /	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.609765+00	{}	\\xa658a091f1dc084f83fee21795a9236308eb2c21b0b33ee32b4122bd754fcf95	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89af-7000-9b47-3e645154c6df	3	Create script count	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.687206+00	{}	\\x3dafab37279c58e128f0d3514a8162952ab8dc7d17850e5f6572794a5d25521d	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89f5-7000-9fe0-923723ed787d	4	Create route ANY /count	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.757892+00	{}	\\xcc5d94ad9970376209d3ebc820654f25704ab9cbf59dabe0b7e836c25b9fa42f	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a3e5-187ccd7243fd	5	Create script kept	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.781509+00	{}	\\x25c113bfc86f7a23ab7c2ca39b5530fe203146ee0f654e66c3de28d4235eb00b	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a38-7000-a7e8-655284d3a281	6	Create route ANY /kept	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.824165+00	{}	\\x2fa92e8246a778f7a5f3ad7a7af3bac9538ef47b194b3faac3bd3c3b61eb61d6	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a62-7000-abf0-a30af558edb8	7	Create script secret	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.866067+00	{}	\\xe24261769b078eb868bc31519d08f1d4a425665366b9b82ea87b78650dad440c	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a85-7000-aff7-d96b38aae4bc	8	Create route ANY /secret	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.90109+00	{}	\\xf70c6578ea73b7a6344429f1aad1ff0d1025167e0f5ef01fd00436327ab90fb5	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b312-5c4eee3ce38e	9	Create script done	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:00.944536+00	{}	\\xa2a08a553d6859001abead0e20f68c24d8273678890f3ff46414177c2fd25ed6	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b7c6-3e26f7fcd5eb	10	Create script later	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.008685+00	{}	\\x77ce568cd6c6a8e58b6b3ea414780dc7417ec1133117ef8e0e4d36c32e9c8910	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b15-7000-bb9d-7015b82b8785	11	Create route ANY /later	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.045272+00	{}	\\x878e24d2f148f7ca99f9bc82165e6deb77daa5b7932fb98a48a840c0dbb6c989	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b83-7000-bff1-3f066dfb6aee	12	Create script job	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.155187+00	{}	\\x658c9692e1cd061b2d00920a30fadf8c8066b973e300d5ac93f8b4a4b57bf8ee	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8be6-7001-83c8-d13f0ea92e1b	13	Create route ANY /job	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.254299+00	{}	\\xf921376554de342b894c7f54d21ee1cb69f465f3caf098e97bc44eb5f894f12a	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-8731-120bf90581b3	14	Create script fails	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.323956+00	{}	\\xe24275a4830ceb19446dd573a0e118d4845597a0bb3d4939eeef5b836b2e142e	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ca1-7001-8bbc-4cf6a7886f34	15	Create route ANY /fails	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.441269+00	{}	\\xcd7c796258e345b6361f58c5428ef724dfa2a12c51c690282f011afc126d0fc3	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8cd5-7001-8e30-7d658a7f5bb8	16	Change script home	01a21862-7fd8-7000-8295-a2e02a52d3a0	01a21862-879c-7000-8ef4-ea645cb23116	2026-11-26 15:04:01.493433+00	{}	\\xf16cf7db031d150e729828d9aff82cf9bab71fe71dcc76d5e19fcb25603a2ab8	\N
\.


--
-- Data for Name: domains; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.domains (id, app_id, host, kind, status, challenge, created_at, verified_at, checked_at, check_result, failing_since, next_check_at) FROM stdin;
\.


--
-- Data for Name: egress_rules; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.egress_rules (id, app_id, host, port, scheme, created_at) FROM stdin;
\.


--
-- Data for Name: execution_logs_p20261126; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.execution_logs_p20261126 (app_id, created_at, id, execution_id, script_id, level, message, fields) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.643+00	1	01a21862-8d6b-707b-85ca-d671afa59832	01a21862-89ae-7000-9a85-83f13ad3107f	info	counted	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.668+00	2	01a21862-8d84-7fea-9ed8-43bde304153a	01a21862-89ae-7000-9a85-83f13ad3107f	info	counted	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.672+00	3	01a21862-8d88-7637-adc2-c72bedb5d729	01a21862-89ae-7000-9a85-83f13ad3107f	info	counted	\N
01a21862-7fd8-7000-8420-2823086141ae	2026-11-26 15:04:01.722+00	4	01a21862-8dba-795b-a145-54f33b093e78	01a21862-7fd8-7000-8627-da098fcceab0	info	greeting	{"method":"GET","name":"Ada"}
\.


--
-- Data for Name: execution_logs_p20261127; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.execution_logs_p20261127 (app_id, created_at, id, execution_id, script_id, level, message, fields) FROM stdin;
\.


--
-- Data for Name: executions_p20261126; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.executions_p20261126 (app_id, created_at, id, request_id, script_id, route_id, deployment, invocation_type, outcome, status, method, host, path, fuel_used, memory_peak_bytes, wall_us, host_calls, error_message, error_trace, logs_dropped, attempts, calls, job_id) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.643+00	01a21862-8d6b-707b-85ca-d671afa59832	01a21862-8d6b-707b-85ca-d671afa59832	01a21862-89ae-7000-9a85-83f13ad3107f	01a21862-89f4-7000-9e06-66126eaa8bed	16	http	ok	200	GET	shop.localhost	/count	14921	9306112	247	2	\N	\N	0	1	\N	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.668+00	01a21862-8d84-7fea-9ed8-43bde304153a	01a21862-8d84-7fea-9ed8-43bde304153a	01a21862-89ae-7000-9a85-83f13ad3107f	01a21862-89f4-7000-9e06-66126eaa8bed	16	http	ok	200	GET	shop.localhost	/count	14921	9306112	329	2	\N	\N	0	1	\N	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.672+00	01a21862-8d88-7637-adc2-c72bedb5d729	01a21862-8d88-7637-adc2-c72bedb5d729	01a21862-89ae-7000-9a85-83f13ad3107f	01a21862-89f4-7000-9e06-66126eaa8bed	16	http	ok	200	GET	shop.localhost	/count	14921	9306112	198	2	\N	\N	0	1	\N	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.696+00	01a21862-8da0-7453-8de8-518483aeda73	01a21862-8da0-7453-8de8-518483aeda73	01a21862-8af0-7000-b6f5-f45ab13a4cdf	01a21862-8b14-7000-ba53-484cbbcc719c	16	http	ok	200	GET	shop.localhost	/later	11912	9306112	137	1	\N	\N	0	1	[{"call": "queue.enqueue done", "result": "queued", "wall_us": 9, "start_us": 71}]	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.633+00	01a21862-8d61-7a05-9afe-854b99dfbf9a	01a21862-8d61-7a05-9afe-854b99dfbf9a	01a21862-8829-7000-92bb-7c51ada7f7e8	01a21862-8960-7000-96cb-4115c976d9e5	16	http	ok	200	GET	shop.localhost	/	4070	9306112	276	0	\N	\N	0	1	\N	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.676+00	01a21862-8d8c-7123-a113-06a705404969	01a21862-8d8c-7123-a113-06a705404969	01a21862-8a0d-7000-a251-28e3c08a946e	01a21862-8a2b-7000-a656-a001f84bab5b	16	http	ok	200	GET	shop.localhost	/kept	13329	9306112	1600	2	\N	\N	0	1	[{"call": "kv.get", "result": "found", "wall_us": 1003, "start_us": 68}, {"call": "kv.get", "result": "found", "wall_us": 430, "start_us": 1101}]	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.693+00	01a21862-8d9d-71d6-a0d7-746ddaf74752	01a21862-8d9d-71d6-a0d7-746ddaf74752	01a21862-8a61-7000-aa38-613ad38556bf	01a21862-8a84-7000-ae87-bfb0dbaf3bdc	16	http	ok	200	GET	shop.localhost	/secret	7216	9306112	230	1	\N	\N	0	1	[{"call": "secrets.get TOKEN", "result": "version 1", "wall_us": 42, "start_us": 113}]	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.708+00	01a21862-8dac-7c1d-8267-f8b4c1b45d3c	01a21862-8dac-7c1d-8267-f8b4c1b45d3c	01a21862-8b82-7000-bebb-51c0bc445d41	01a21862-8be5-7001-8258-c92c372d19ce	16	http	ok	200	GET	shop.localhost	/job	7809	9306112	1029	1	\N	\N	0	1	[{"call": "kv.get", "result": "absent", "wall_us": 864, "start_us": 80}]	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.712+00	01a21862-8db0-7c1f-bcf8-8eeb4bef1ed6	01a21862-8db0-7c1f-bcf8-8eeb4bef1ed6	01a21862-8c2b-7001-86c6-818f99b8e8cb	01a21862-8ca0-7001-8a63-149577238f4d	16	http	error	502	GET	shop.localhost	/fails	3934	9306112	99	0	this is kept as a failure	[{"script":"fails","function":"","line":1,"column":1}]	0	1	\N	\N
01a21862-7fd8-7000-8420-2823086141ae	2026-11-26 15:04:01.722+00	01a21862-8dba-795b-a145-54f33b093e78	01a21862-8dba-795b-a145-54f33b093e78	01a21862-7fd8-7000-8627-da098fcceab0	01a21862-7fd8-7000-8805-d4eada2e8ccd	1	http	ok	200	GET	hello.localhost	/greet/Ada	84237	9306112	467	0	\N	\N	0	1	\N	\N
\.


--
-- Data for Name: executions_p20261127; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.executions_p20261127 (app_id, created_at, id, request_id, script_id, route_id, deployment, invocation_type, outcome, status, method, host, path, fuel_used, memory_peak_bytes, wall_us, host_calls, error_message, error_trace, logs_dropped, attempts, calls, job_id) FROM stdin;
\.


--
-- Data for Name: file_blobs; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.file_blobs (app_id, digest, size, unused_since) FROM stdin;
\.


--
-- Data for Name: file_usage; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.file_usage (app_id, stripe, files, bytes, blob_bytes) FROM stdin;
\.


--
-- Data for Name: files; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.files (app_id, path, digest, size, version, updated_at) FROM stdin;
\.


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.idempotency_keys (holder_id, key_sha256, admin_id, fingerprint, attempt_id, claimed_at, action, target, ended, answer) FROM stdin;
\.


--
-- Data for Name: instance; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.instance (singleton, id, created_at, preview_secret) FROM stdin;
t	01a21862-7fd2-7000-80e5-5e23d442e0ba	2026-11-26 15:03:58.162403+00	\\x04ca8325c356cee0a562076b38b67c3b10a0cd60b86704911bea6532dc4c09a4
\.


--
-- Data for Name: invitations; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.invitations (id, token_sha256, note, role, app_id, app_role, created_by, created_at, expires_at, accepted_at, accepted_by, revoked_at) FROM stdin;
\.


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.jobs (app_id, id, script_name, payload, depth, hops, attempts_max, backoff_ms, enqueued_at, enqueued_by, attempts, due_at, execution_id, deliveries, failed_execution_id, failed_outcome, failed_message, died_at) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8da0-7d2e-b884-c7d84199946e	done	1	1	0	5	10000	2026-11-26 15:04:01.697563+00	01a21862-8da0-7453-8de8-518483aeda73	0	2026-11-26 15:14:01.697563+00	\N	0	\N	\N	\N	\N
\.


--
-- Data for Name: known_networks; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.known_networks (admin_id, network, seen_at) FROM stdin;
01a21862-7fd8-7000-8295-a2e02a52d3a0	127.0.0.0	2026-11-26 15:03:59.882083+00
\.


--
-- Data for Name: kv; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.kv (app_id, key, value, version, expires_at) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	name	"Ada"	5	\N
01a21862-87dc-7000-90f5-508ca62f1bd9	visits	3	6	\N
\.


--
-- Data for Name: kv_usage; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.kv_usage (app_id, stripe, keys, bytes) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	3	2	16
\.


--
-- Data for Name: log_in_failures; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.log_in_failures (account_sha256, network, failures, last_at) FROM stdin;
\.


--
-- Data for Name: members; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.members (app_id, admin_id, role, created_at) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	01a21862-7fd8-7000-8295-a2e02a52d3a0	app_admin	2026-11-26 15:03:58.168493+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-7fd8-7000-8295-a2e02a52d3a0	app_admin	2026-11-26 15:04:00.220474+00
\.


--
-- Data for Name: recordings_p20261126; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.recordings_p20261126 (app_id, created_at, execution_id, script_id, bytes, sealed) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	2026-11-26 15:04:01.712+00	01a21862-8db0-7c1f-bcf8-8eeb4bef1ed6	01a21862-8c2b-7001-86c6-818f99b8e8cb	938	\\x6a71c94d1c92f0705792f21671875bd56be4d5700d0955d731ddcffc0da4bf26214dec951f904ab8d14cc925f42b8439a9ad7f3dd771db74917a796e93b3c0eadc16469673b8131657c036f96cd2bfe432a0aca6bbe06cd25cea120a5980fce081259f218a6a5d28e6b38dbeceb9fb2459ff770a7ac067cffe095593baea4a4319ada223ec44365d17ca22cb1ffb137b0d05b6abb4719631ff3c8037d9585396955d7e3da409cf6cfcc5270c56d601bcce4b70b47fd42718437a501b5c47572b0c1b75ef84b3f55ede51cd4144930d44374a20cf87da4db2084128ceb55fa2a2e84bc666d18f58ec7585318628ccb4c4ad11526bb879aa890c66a00a113a31065bdbba6eb7e6912111aeb428944f00bdc1e53c20ce1b9994077028bafda91e0a1c94cbd09f020f27ab9edc416c9be151a79c8ae614bf9ed6c870948351ae2c7fbb65fa37d484c4e04d9aed1cc73ca421158607488ed00ccc19b2f0e97b1957a8e989138df1c38c79ae85630b9757c1820f21de7f3f6e4aadb02a78638794802a6eb13a47309b4b762783af0132036fc4a07a96ad4f6327400f6fa979ff32007d85acc839fbcfb3d28d849dce5c6c4adc5866ae0ca58f4ba7f802eb7971cb42db1d485c002cd387c52f9c87f4ca922e7401dbc1ad41760b9e7285f5870f6bf70a44337b0501dad99dbe407dd31748fb64a8524c5ef97efa07abac907f024cba22564309d0b1696d3bcf7dd93851cf7cc4dffc3e2d9cd280326c46f661d6b0d1fb4095b47866961e5d961818d97b2e4695da77d5b0fc8666dc299c67bebf68be2d61ae7e01883d79081e923fd70d6cd4d32989e306e9e27cdd447a150d1734d102d12e3db56f272aaee3f888cd9efb4fbf1f70290a36e0f5e99f2c6c9d921da07f37b148d2a6b703f5f328810e74897620b2db127056168d97718b887f656b6ca05a83dbd30e61afa3e6bfa2bb74653a898fe906ea2e0c52f8ecf2c7711e040aa996942960aa425859b6966b391dc9fea6cfe53889a48e9a29873ea1e74e8318da5a6ee6988bc9b30325b28e9d6fafc53595e6507805f9a7db315714f59b652a1559c8dcb426729354f34d9610da4ba97d414d06103cab0f6fcee8699298ba82e8dbefab62457c774c35e1979ce6d8f708347458b553387afb57eefac18c1bdbac08ed5b1d3d133859f334aa18b3a4a0673537f4abc2a37b9b56a26f0525ce11244d8009566b0d2444464b7218c5046e913383e0515a8477f404cce1b9e205b4948033d61184df2fef31e5e03d0e79ca60087017cbf5930e67115564cf4f017f3da4693c20be670680bdef
\.


--
-- Data for Name: recordings_p20261127; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.recordings_p20261127 (app_id, created_at, execution_id, script_id, bytes, sealed) FROM stdin;
\.


--
-- Data for Name: scripts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.scripts (app_id, id, created_at) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	01a21862-7fd8-7000-8627-da098fcceab0	2026-11-26 15:03:58.168493+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8829-7000-92bb-7c51ada7f7e8	2026-11-26 15:04:00.297686+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-89ae-7000-9a85-83f13ad3107f	2026-11-26 15:04:00.687206+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a0d-7000-a251-28e3c08a946e	2026-11-26 15:04:00.781509+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8a61-7000-aa38-613ad38556bf	2026-11-26 15:04:00.866067+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8ab0-7000-b23e-a6179a8ca05c	2026-11-26 15:04:00.944536+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8af0-7000-b6f5-f45ab13a4cdf	2026-11-26 15:04:01.008685+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8b82-7000-bebb-51c0bc445d41	2026-11-26 15:04:01.155187+00
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8c2b-7001-86c6-818f99b8e8cb	2026-11-26 15:04:01.323956+00
\.


--
-- Data for Name: secret_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.secret_keys (app_id, id, master, sealed) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	01a21862-8d44-7001-91ec-bfc254dccb88	686b71841925b904	\\x7e20d4f6a866b5668cc5e164d2994e929bf56197fe87413451661acc29a304923340160d37b3983e2eef6e6a5bc46d553e2f6935c46ce7a07197b678bf9647113836e775f25e7bb3
\.


--
-- Data for Name: secrets; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.secrets (app_id, name, version, sealed, created_at, updated_at) FROM stdin;
01a21862-87dc-7000-90f5-508ca62f1bd9	TOKEN	1	\\x963895169f6208edea0035b50c8a759c05e73c1d19c51ce19af9e2bc4b9681a712be8ab7b419b41b2fcb4542a338aa522b3190ec1179cffe39e863f67113eea5552b0793	2026-11-26 15:04:01.604067+00	2026-11-26 15:04:01.604067+00
\.


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sessions (token_sha256, id, admin_id, ip, user_agent, created_at, last_seen_at, expires_at) FROM stdin;
\\xae3293c6d23bf8dcc51339c9bb64d8a3d34e6761e867fb9599abbf346e43497f	01a21862-868a-7000-8c4a-9bc4f4cbc6a9	01a21862-7fd8-7000-8295-a2e02a52d3a0	127.0.0.1	Python-urllib/3.11	2026-11-26 15:03:59.882064+00	2026-11-26 15:03:59.882064+00	2026-12-03 15:03:59.882064+00
\.


--
-- Data for Name: sources; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sources (app_id, digest, text) FROM stdin;
01a21862-7fd8-7000-8420-2823086141ae	\\x3c5e81af6956f0473830f9445bf7a30838c2613c353c7f49210667a3ab7c8dc7	// Every request runs this script from its first line, in a fresh sandbox that ends with it: what you see here is all there is.\n//\n// `ctx` says what is asked. The last value of the script is the answer: a string is text, a map or an array is JSON, and a\n// map with `statusCode` also sets the status and the headers.\n\nlet request = ctx.request;\n\n// The route `/greet/:name` fills `params.name`; `?name=` does it for the other route.\nlet name = request.params.name ?? request.query.name ?? "world";\n\nif name.len() > 100 {\n    return #{ statusCode: 400, body: #{ error: "That is a long name. At most 100 letters, please." } };\n}\n\n// Shown with the execution, for you, and never to the visitor.\nlog::info("greeting", #{ name: name, method: request.method });\n\n// A body that says it is JSON is already parsed; anything else is text or bytes.\nlet greeting = if type_of(request.body) == "map" { request.body.greeting ?? "Hello" } else { "Hello" };\n\n#{\n    statusCode: 200,\n    headers: #{ "cache-control": "no-store" },\n    body: #{\n        message: `${greeting}, ${name}!`,\n        app: ctx.app,\n        deployment: ctx.deployment,\n        execution: ctx.execution_id,\n        try_next: [\n            "/greet/you",\n            "/?name=you",\n            "a POST with the JSON body {\\"greeting\\": \\"Good morning\\"}",\n        ],\n    },\n}\n
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x25698ed20fcfa5a32c6b04540f588a1cee9fc9499703193fccd4909f67279969	`version 1`
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x3b2bd67ec7813482ab74775ac1771eabe15ef6e01a084ef6ea27c6cc2ce06c7d	kv::increment("visits"); kv::set("name","Ada"); log::info("counted"); 1
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x9566c9dd436d3b8ca8fb3bcf2e3d5ee4dc4c108cd2fb1891b37ae92c434e1da0	#{ name: kv::get("name"), visits: kv::get("visits") }
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x1ef64a3573cad8ad081813f606c7e82e4fea6d181b3a15c0707de91bda9e305b	secrets::get("TOKEN")
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x8059d5f48d9c6bd758c9e738320b501bf7205face27ec69aeced5ec7c38b4fda	kv::set("job","done")
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x7abb9ee4ceceaf3031f69c49d8335b3cf110ceafb82553556eb2669bf7c176c4	queue::enqueue("done", 1, #{ delay: 600 }); 1
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x66575e03b5e7104f59bf85d1b5815efcd856e6eb5abb4c8b1ca490bf6b3caaa5	kv::get("job","waits")
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x23b737422f7ac376c0a2d88b6168529c478b7ab5877595e4e8eb4b4293f9c64d	throw "this is kept as a failure"
01a21862-87dc-7000-90f5-508ca62f1bd9	\\x7b84386f64dbd39200696dcf6c3036e9ef76a0990688dc006861088064bf8a5d	`version 2`
\.


--
-- Data for Name: splits; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.splits (app_id, id, deployment_id, percent, sticky, stop_above, window_requests, started_by, started_at, ended_at, ended_because) FROM stdin;
\.


--
-- Name: execution_logs_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.execution_logs_id_seq', 4, true);


--
-- Name: file_version_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.file_version_seq', 1, false);


--
-- Name: kv_version_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.kv_version_seq', 6, true);


--
-- Name: secret_version_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.secret_version_seq', 1, true);


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: activations activations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activations
    ADD CONSTRAINT activations_pkey PRIMARY KEY (app_id, id);


--
-- Name: admins admins_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.admins
    ADD CONSTRAINT admins_pkey PRIMARY KEY (id);


--
-- Name: admins admins_username_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.admins
    ADD CONSTRAINT admins_username_key UNIQUE (username);


--
-- Name: api_keys api_keys_key_sha256_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_sha256_key UNIQUE (key_sha256);


--
-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);


--
-- Name: app_tombstones app_tombstones_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app_tombstones
    ADD CONSTRAINT app_tombstones_pkey PRIMARY KEY (app_id);


--
-- Name: apps apps_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_pkey PRIMARY KEY (id);


--
-- Name: apps apps_slug_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_slug_key UNIQUE (slug);


--
-- Name: asset_blobs asset_blobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_blobs
    ADD CONSTRAINT asset_blobs_pkey PRIMARY KEY (app_id, digest);


--
-- Name: asset_set_entries asset_set_entries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_set_entries
    ADD CONSTRAINT asset_set_entries_pkey PRIMARY KEY (app_id, set_digest, path);


--
-- Name: asset_sets asset_sets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_sets
    ADD CONSTRAINT asset_sets_pkey PRIMARY KEY (app_id, digest);


--
-- Name: asset_usage asset_usage_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_usage
    ADD CONSTRAINT asset_usage_pkey PRIMARY KEY (app_id);


--
-- Name: audit_chains audit_chains_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_chains
    ADD CONSTRAINT audit_chains_pkey PRIMARY KEY (app_id);


--
-- Name: audit audit_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_id_key UNIQUE (id);


--
-- Name: audit audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (app_id, seq);


--
-- Name: deployment_routes deployment_routes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_routes
    ADD CONSTRAINT deployment_routes_pkey PRIMARY KEY (app_id, deployment_id, route_id);


--
-- Name: deployment_scripts deployment_scripts_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_scripts
    ADD CONSTRAINT deployment_scripts_name_key UNIQUE (app_id, deployment_id, name);


--
-- Name: deployment_scripts deployment_scripts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_scripts
    ADD CONSTRAINT deployment_scripts_pkey PRIMARY KEY (app_id, deployment_id, script_id);


--
-- Name: deployment_static_routes deployment_static_routes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_static_routes
    ADD CONSTRAINT deployment_static_routes_pkey PRIMARY KEY (app_id, deployment_id, route_id);


--
-- Name: deployments deployments_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT deployments_id_key UNIQUE (id);


--
-- Name: deployments deployments_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT deployments_number_key UNIQUE (app_id, number);


--
-- Name: deployments deployments_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT deployments_pkey PRIMARY KEY (app_id, id);


--
-- Name: domains domains_claim_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.domains
    ADD CONSTRAINT domains_claim_key UNIQUE (app_id, host, kind);


--
-- Name: domains domains_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.domains
    ADD CONSTRAINT domains_pkey PRIMARY KEY (id);


--
-- Name: egress_rules egress_rules_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.egress_rules
    ADD CONSTRAINT egress_rules_pkey PRIMARY KEY (app_id, id);


--
-- Name: execution_logs execution_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_logs
    ADD CONSTRAINT execution_logs_pkey PRIMARY KEY (app_id, created_at, id);


--
-- Name: execution_logs_p20261126 execution_logs_p20261126_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_logs_p20261126
    ADD CONSTRAINT execution_logs_p20261126_pkey PRIMARY KEY (app_id, created_at, id);


--
-- Name: execution_logs_p20261127 execution_logs_p20261127_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.execution_logs_p20261127
    ADD CONSTRAINT execution_logs_p20261127_pkey PRIMARY KEY (app_id, created_at, id);


--
-- Name: executions executions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.executions
    ADD CONSTRAINT executions_pkey PRIMARY KEY (app_id, created_at, id);


--
-- Name: executions_p20261126 executions_p20261126_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.executions_p20261126
    ADD CONSTRAINT executions_p20261126_pkey PRIMARY KEY (app_id, created_at, id);


--
-- Name: executions_p20261127 executions_p20261127_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.executions_p20261127
    ADD CONSTRAINT executions_p20261127_pkey PRIMARY KEY (app_id, created_at, id);


--
-- Name: file_blobs file_blobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.file_blobs
    ADD CONSTRAINT file_blobs_pkey PRIMARY KEY (app_id, digest);


--
-- Name: file_usage file_usage_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.file_usage
    ADD CONSTRAINT file_usage_pkey PRIMARY KEY (app_id, stripe);


--
-- Name: files files_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (app_id, path);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (holder_id, key_sha256);


--
-- Name: instance instance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instance
    ADD CONSTRAINT instance_pkey PRIMARY KEY (singleton);


--
-- Name: invitations invitations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id);


--
-- Name: invitations invitations_token_sha256_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_token_sha256_key UNIQUE (token_sha256);


--
-- Name: jobs jobs_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_id_key UNIQUE (id);


--
-- Name: jobs jobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (app_id, id);


--
-- Name: known_networks known_networks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.known_networks
    ADD CONSTRAINT known_networks_pkey PRIMARY KEY (admin_id, network);


--
-- Name: kv kv_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kv
    ADD CONSTRAINT kv_pkey PRIMARY KEY (app_id, key);


--
-- Name: kv_usage kv_usage_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kv_usage
    ADD CONSTRAINT kv_usage_pkey PRIMARY KEY (app_id, stripe);


--
-- Name: log_in_failures log_in_failures_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.log_in_failures
    ADD CONSTRAINT log_in_failures_pkey PRIMARY KEY (account_sha256, network);


--
-- Name: members members_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (app_id, admin_id);


--
-- Name: recordings recordings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_pkey PRIMARY KEY (app_id, created_at, execution_id);


--
-- Name: recordings_p20261126 recordings_p20261126_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recordings_p20261126
    ADD CONSTRAINT recordings_p20261126_pkey PRIMARY KEY (app_id, created_at, execution_id);


--
-- Name: recordings_p20261127 recordings_p20261127_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.recordings_p20261127
    ADD CONSTRAINT recordings_p20261127_pkey PRIMARY KEY (app_id, created_at, execution_id);


--
-- Name: scripts scripts_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT scripts_id_key UNIQUE (id);


--
-- Name: scripts scripts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT scripts_pkey PRIMARY KEY (app_id, id);


--
-- Name: secret_keys secret_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.secret_keys
    ADD CONSTRAINT secret_keys_pkey PRIMARY KEY (app_id);


--
-- Name: secrets secrets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (app_id, name);


--
-- Name: sessions sessions_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_sha256);


--
-- Name: sources sources_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (app_id, digest);


--
-- Name: splits splits_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.splits
    ADD CONSTRAINT splits_pkey PRIMARY KEY (app_id);


--
-- Name: activations_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activations_by_idx ON public.activations USING btree (activated_by);


--
-- Name: activations_with_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX activations_with_idx ON public.activations USING btree (activated_with);


--
-- Name: api_keys_admin_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX api_keys_admin_idx ON public.api_keys USING btree (created_by);


--
-- Name: api_keys_app_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX api_keys_app_idx ON public.api_keys USING btree (app_id);


--
-- Name: app_tombstones_slug_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX app_tombstones_slug_idx ON public.app_tombstones USING btree (slug);


--
-- Name: apps_active_deployment_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX apps_active_deployment_idx ON public.apps USING btree (active_deployment_id);


--
-- Name: apps_previous_deployment_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX apps_previous_deployment_idx ON public.apps USING btree (previous_deployment_id);


--
-- Name: asset_blobs_unused_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX asset_blobs_unused_idx ON public.asset_blobs USING btree (unused_since) WHERE (unused_since IS NOT NULL);


--
-- Name: asset_set_entries_digest_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX asset_set_entries_digest_idx ON public.asset_set_entries USING btree (app_id, digest);


--
-- Name: audit_app_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_app_idx ON public.audit USING btree (app_id, id);


--
-- Name: deployment_routes_route_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployment_routes_route_idx ON public.deployment_routes USING btree (route_id);


--
-- Name: deployment_routes_script_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployment_routes_script_idx ON public.deployment_routes USING btree (app_id, deployment_id, script_id);


--
-- Name: deployment_scripts_script_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployment_scripts_script_idx ON public.deployment_scripts USING btree (app_id, script_id);


--
-- Name: deployment_scripts_source_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployment_scripts_source_idx ON public.deployment_scripts USING btree (app_id, source_digest);


--
-- Name: deployment_static_routes_route_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployment_static_routes_route_idx ON public.deployment_static_routes USING btree (route_id);


--
-- Name: deployments_asset_set_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployments_asset_set_idx ON public.deployments USING btree (app_id, asset_set);


--
-- Name: deployments_created_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployments_created_by_idx ON public.deployments USING btree (created_by);


--
-- Name: deployments_created_with_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deployments_created_with_idx ON public.deployments USING btree (created_with);


--
-- Name: domains_next_check_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX domains_next_check_idx ON public.domains USING btree (next_check_at) WHERE (next_check_at IS NOT NULL);


--
-- Name: domains_verified_host_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX domains_verified_host_key ON public.domains USING btree (host, kind) WHERE (status = 'verified'::text);


--
-- Name: egress_rules_id_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX egress_rules_id_key ON public.egress_rules USING btree (id);


--
-- Name: egress_rules_same_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX egress_rules_same_key ON public.egress_rules USING btree (app_id, host, COALESCE(port, 0), COALESCE(scheme, ''::text));


--
-- Name: execution_logs_follow_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_logs_follow_idx ON ONLY public.execution_logs USING btree (app_id, id);


--
-- Name: execution_logs_p20261126_app_id_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_logs_p20261126_app_id_id_idx ON public.execution_logs_p20261126 USING btree (app_id, id);


--
-- Name: execution_logs_p20261127_app_id_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX execution_logs_p20261127_app_id_id_idx ON public.execution_logs_p20261127 USING btree (app_id, id);


--
-- Name: executions_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX executions_id_idx ON ONLY public.executions USING btree (id);


--
-- Name: executions_script_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX executions_script_idx ON ONLY public.executions USING btree (app_id, script_id, created_at, id);


--
-- Name: executions_p20261126_app_id_script_id_created_at_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX executions_p20261126_app_id_script_id_created_at_id_idx ON public.executions_p20261126 USING btree (app_id, script_id, created_at, id);


--
-- Name: executions_p20261126_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX executions_p20261126_id_idx ON public.executions_p20261126 USING btree (id);


--
-- Name: executions_p20261127_app_id_script_id_created_at_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX executions_p20261127_app_id_script_id_created_at_id_idx ON public.executions_p20261127 USING btree (app_id, script_id, created_at, id);


--
-- Name: executions_p20261127_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX executions_p20261127_id_idx ON public.executions_p20261127 USING btree (id);


--
-- Name: file_blobs_unused_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX file_blobs_unused_idx ON public.file_blobs USING btree (unused_since) WHERE (unused_since IS NOT NULL);


--
-- Name: files_digest_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX files_digest_idx ON public.files USING btree (app_id, digest);


--
-- Name: idempotency_keys_admin_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_keys_admin_idx ON public.idempotency_keys USING btree (admin_id);


--
-- Name: idempotency_keys_claimed_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_keys_claimed_at_idx ON public.idempotency_keys USING btree (claimed_at);


--
-- Name: invitations_accepted_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invitations_accepted_by_idx ON public.invitations USING btree (accepted_by);


--
-- Name: invitations_app_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invitations_app_idx ON public.invitations USING btree (app_id);


--
-- Name: invitations_created_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invitations_created_by_idx ON public.invitations USING btree (created_by);


--
-- Name: jobs_due_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX jobs_due_idx ON public.jobs USING btree (app_id, due_at, id) WHERE (died_at IS NULL);


--
-- Name: jobs_next_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX jobs_next_idx ON public.jobs USING btree (due_at) WHERE (died_at IS NULL);


--
-- Name: known_networks_seen_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX known_networks_seen_idx ON public.known_networks USING btree (admin_id, seen_at);


--
-- Name: kv_expires_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX kv_expires_idx ON public.kv USING btree (expires_at) WHERE (expires_at IS NOT NULL);


--
-- Name: log_in_failures_last_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX log_in_failures_last_idx ON public.log_in_failures USING btree (last_at);


--
-- Name: members_admin_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX members_admin_idx ON public.members USING btree (admin_id);


--
-- Name: recordings_script_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX recordings_script_idx ON ONLY public.recordings USING btree (app_id, script_id, created_at, execution_id);


--
-- Name: recordings_p20261126_app_id_script_id_created_at_execution__idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX recordings_p20261126_app_id_script_id_created_at_execution__idx ON public.recordings_p20261126 USING btree (app_id, script_id, created_at, execution_id);


--
-- Name: recordings_p20261127_app_id_script_id_created_at_execution__idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX recordings_p20261127_app_id_script_id_created_at_execution__idx ON public.recordings_p20261127 USING btree (app_id, script_id, created_at, execution_id);


--
-- Name: sessions_admin_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_admin_idx ON public.sessions USING btree (admin_id);


--
-- Name: sessions_expires_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_expires_idx ON public.sessions USING btree (expires_at);


--
-- Name: sources_digest_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sources_digest_idx ON public.sources USING btree (digest);


--
-- Name: splits_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX splits_by_idx ON public.splits USING btree (started_by);


--
-- Name: splits_deployment_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX splits_deployment_idx ON public.splits USING btree (app_id, deployment_id);


--
-- Name: execution_logs_p20261126_app_id_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.execution_logs_follow_idx ATTACH PARTITION public.execution_logs_p20261126_app_id_id_idx;


--
-- Name: execution_logs_p20261126_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.execution_logs_pkey ATTACH PARTITION public.execution_logs_p20261126_pkey;


--
-- Name: execution_logs_p20261127_app_id_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.execution_logs_follow_idx ATTACH PARTITION public.execution_logs_p20261127_app_id_id_idx;


--
-- Name: execution_logs_p20261127_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.execution_logs_pkey ATTACH PARTITION public.execution_logs_p20261127_pkey;


--
-- Name: executions_p20261126_app_id_script_id_created_at_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.executions_script_idx ATTACH PARTITION public.executions_p20261126_app_id_script_id_created_at_id_idx;


--
-- Name: executions_p20261126_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.executions_id_idx ATTACH PARTITION public.executions_p20261126_id_idx;


--
-- Name: executions_p20261126_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.executions_pkey ATTACH PARTITION public.executions_p20261126_pkey;


--
-- Name: executions_p20261127_app_id_script_id_created_at_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.executions_script_idx ATTACH PARTITION public.executions_p20261127_app_id_script_id_created_at_id_idx;


--
-- Name: executions_p20261127_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.executions_id_idx ATTACH PARTITION public.executions_p20261127_id_idx;


--
-- Name: executions_p20261127_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.executions_pkey ATTACH PARTITION public.executions_p20261127_pkey;


--
-- Name: recordings_p20261126_app_id_script_id_created_at_execution__idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.recordings_script_idx ATTACH PARTITION public.recordings_p20261126_app_id_script_id_created_at_execution__idx;


--
-- Name: recordings_p20261126_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.recordings_pkey ATTACH PARTITION public.recordings_p20261126_pkey;


--
-- Name: recordings_p20261127_app_id_script_id_created_at_execution__idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.recordings_script_idx ATTACH PARTITION public.recordings_p20261127_app_id_script_id_created_at_execution__idx;


--
-- Name: recordings_p20261127_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.recordings_pkey ATTACH PARTITION public.recordings_p20261127_pkey;


--
-- Name: audit audit_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();


--
-- Name: audit_chains audit_chains_growing; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_chains_growing BEFORE UPDATE ON public.audit_chains FOR EACH ROW EXECUTE FUNCTION public.audit_chains_grow();


--
-- Name: audit_chains audit_chains_kept; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_chains_kept BEFORE DELETE OR TRUNCATE ON public.audit_chains FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();


--
-- Name: activations activations_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activations
    ADD CONSTRAINT activations_admin_fkey FOREIGN KEY (activated_by) REFERENCES public.admins(id) ON DELETE SET NULL;


--
-- Name: activations activations_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activations
    ADD CONSTRAINT activations_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: activations activations_key_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.activations
    ADD CONSTRAINT activations_key_fkey FOREIGN KEY (activated_with) REFERENCES public.api_keys(id) ON DELETE SET NULL;


--
-- Name: api_keys api_keys_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_admin_fkey FOREIGN KEY (created_by) REFERENCES public.admins(id) ON DELETE CASCADE;


--
-- Name: api_keys api_keys_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: apps apps_active_deployment_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_active_deployment_fkey FOREIGN KEY (id, active_deployment_id) REFERENCES public.deployments(app_id, id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: apps apps_previous_deployment_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.apps
    ADD CONSTRAINT apps_previous_deployment_fkey FOREIGN KEY (id, previous_deployment_id) REFERENCES public.deployments(app_id, id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: asset_set_entries asset_set_entries_blob_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_set_entries
    ADD CONSTRAINT asset_set_entries_blob_fkey FOREIGN KEY (app_id, digest) REFERENCES public.asset_blobs(app_id, digest);


--
-- Name: asset_set_entries asset_set_entries_set_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_set_entries
    ADD CONSTRAINT asset_set_entries_set_fkey FOREIGN KEY (app_id, set_digest) REFERENCES public.asset_sets(app_id, digest) ON DELETE CASCADE;


--
-- Name: asset_sets asset_sets_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_sets
    ADD CONSTRAINT asset_sets_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: asset_usage asset_usage_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.asset_usage
    ADD CONSTRAINT asset_usage_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: deployment_routes deployment_routes_script_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_routes
    ADD CONSTRAINT deployment_routes_script_fkey FOREIGN KEY (app_id, deployment_id, script_id) REFERENCES public.deployment_scripts(app_id, deployment_id, script_id) ON DELETE CASCADE;


--
-- Name: deployment_scripts deployment_scripts_deployment_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_scripts
    ADD CONSTRAINT deployment_scripts_deployment_fkey FOREIGN KEY (app_id, deployment_id) REFERENCES public.deployments(app_id, id) ON DELETE CASCADE;


--
-- Name: deployment_scripts deployment_scripts_script_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_scripts
    ADD CONSTRAINT deployment_scripts_script_fkey FOREIGN KEY (app_id, script_id) REFERENCES public.scripts(app_id, id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: deployment_scripts deployment_scripts_source_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_scripts
    ADD CONSTRAINT deployment_scripts_source_fkey FOREIGN KEY (app_id, source_digest) REFERENCES public.sources(app_id, digest) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: deployment_static_routes deployment_static_routes_deployment_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment_static_routes
    ADD CONSTRAINT deployment_static_routes_deployment_fkey FOREIGN KEY (app_id, deployment_id) REFERENCES public.deployments(app_id, id) ON DELETE CASCADE;


--
-- Name: deployments deployments_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT deployments_admin_fkey FOREIGN KEY (created_by) REFERENCES public.admins(id) ON DELETE SET NULL;


--
-- Name: deployments deployments_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT deployments_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: deployments deployments_asset_set_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT deployments_asset_set_fkey FOREIGN KEY (app_id, asset_set) REFERENCES public.asset_sets(app_id, digest) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: deployments deployments_key_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployments
    ADD CONSTRAINT deployments_key_fkey FOREIGN KEY (created_with) REFERENCES public.api_keys(id) ON DELETE SET NULL;


--
-- Name: domains domains_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.domains
    ADD CONSTRAINT domains_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: egress_rules egress_rules_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.egress_rules
    ADD CONSTRAINT egress_rules_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: file_usage file_usage_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.file_usage
    ADD CONSTRAINT file_usage_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: files files_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: files files_blob_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_blob_fkey FOREIGN KEY (app_id, digest) REFERENCES public.file_blobs(app_id, digest);


--
-- Name: idempotency_keys idempotency_keys_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_admin_fkey FOREIGN KEY (admin_id) REFERENCES public.admins(id) ON DELETE CASCADE;


--
-- Name: invitations invitations_accepted_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES public.admins(id) ON DELETE CASCADE;


--
-- Name: invitations invitations_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: invitations invitations_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.admins(id) ON DELETE CASCADE;


--
-- Name: jobs jobs_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: known_networks known_networks_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.known_networks
    ADD CONSTRAINT known_networks_admin_fkey FOREIGN KEY (admin_id) REFERENCES public.admins(id) ON DELETE CASCADE;


--
-- Name: kv kv_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kv
    ADD CONSTRAINT kv_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: kv_usage kv_usage_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kv_usage
    ADD CONSTRAINT kv_usage_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: members members_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_admin_fkey FOREIGN KEY (admin_id) REFERENCES public.admins(id) ON DELETE CASCADE;


--
-- Name: members members_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: scripts scripts_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT scripts_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: secret_keys secret_keys_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.secret_keys
    ADD CONSTRAINT secret_keys_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: secrets secrets_key_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_key_fkey FOREIGN KEY (app_id) REFERENCES public.secret_keys(app_id) ON DELETE CASCADE;


--
-- Name: sessions sessions_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_admin_fkey FOREIGN KEY (admin_id) REFERENCES public.admins(id) ON DELETE CASCADE;


--
-- Name: sources sources_app_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT sources_app_fkey FOREIGN KEY (app_id) REFERENCES public.apps(id) ON DELETE CASCADE;


--
-- Name: splits splits_admin_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.splits
    ADD CONSTRAINT splits_admin_fkey FOREIGN KEY (started_by) REFERENCES public.admins(id) ON DELETE SET NULL;


--
-- Name: splits splits_deployment_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.splits
    ADD CONSTRAINT splits_deployment_fkey FOREIGN KEY (app_id, deployment_id) REFERENCES public.deployments(app_id, id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--


