CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.artifacts (
    id uuid NOT NULL,
    tenant_id text DEFAULT 'default'::text NOT NULL,
    run_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.journal (
    run_id uuid NOT NULL,
    seq integer NOT NULL,
    tenant_id text DEFAULT 'default'::text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    codec smallint DEFAULT 0 NOT NULL,
    payload bytea NOT NULL,
    digest bytea,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
PARTITION BY RANGE (run_id);
CREATE TABLE public.journal_2026_11 (
    run_id uuid CONSTRAINT journal_run_id_not_null NOT NULL,
    seq integer CONSTRAINT journal_seq_not_null NOT NULL,
    tenant_id text DEFAULT 'default'::text CONSTRAINT journal_tenant_id_not_null NOT NULL,
    kind text CONSTRAINT journal_kind_not_null NOT NULL,
    key text CONSTRAINT journal_key_not_null NOT NULL,
    codec smallint DEFAULT 0 CONSTRAINT journal_codec_not_null NOT NULL,
    payload bytea CONSTRAINT journal_payload_not_null NOT NULL,
    digest bytea,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT journal_at_not_null NOT NULL
);
CREATE TABLE public.journal_2026_12 (
    run_id uuid CONSTRAINT journal_run_id_not_null NOT NULL,
    seq integer CONSTRAINT journal_seq_not_null NOT NULL,
    tenant_id text DEFAULT 'default'::text CONSTRAINT journal_tenant_id_not_null NOT NULL,
    kind text CONSTRAINT journal_kind_not_null NOT NULL,
    key text CONSTRAINT journal_key_not_null NOT NULL,
    codec smallint DEFAULT 0 CONSTRAINT journal_codec_not_null NOT NULL,
    payload bytea CONSTRAINT journal_payload_not_null NOT NULL,
    digest bytea,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT journal_at_not_null NOT NULL
);
CREATE TABLE public.journal_2027_01 (
    run_id uuid CONSTRAINT journal_run_id_not_null NOT NULL,
    seq integer CONSTRAINT journal_seq_not_null NOT NULL,
    tenant_id text DEFAULT 'default'::text CONSTRAINT journal_tenant_id_not_null NOT NULL,
    kind text CONSTRAINT journal_kind_not_null NOT NULL,
    key text CONSTRAINT journal_key_not_null NOT NULL,
    codec smallint DEFAULT 0 CONSTRAINT journal_codec_not_null NOT NULL,
    payload bytea CONSTRAINT journal_payload_not_null NOT NULL,
    digest bytea,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT journal_at_not_null NOT NULL
);
CREATE TABLE public.journal_2027_02 (
    run_id uuid CONSTRAINT journal_run_id_not_null NOT NULL,
    seq integer CONSTRAINT journal_seq_not_null NOT NULL,
    tenant_id text DEFAULT 'default'::text CONSTRAINT journal_tenant_id_not_null NOT NULL,
    kind text CONSTRAINT journal_kind_not_null NOT NULL,
    key text CONSTRAINT journal_key_not_null NOT NULL,
    codec smallint DEFAULT 0 CONSTRAINT journal_codec_not_null NOT NULL,
    payload bytea CONSTRAINT journal_payload_not_null NOT NULL,
    digest bytea,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT journal_at_not_null NOT NULL
);
CREATE TABLE public.journal_default (
    run_id uuid CONSTRAINT journal_run_id_not_null NOT NULL,
    seq integer CONSTRAINT journal_seq_not_null NOT NULL,
    tenant_id text DEFAULT 'default'::text CONSTRAINT journal_tenant_id_not_null NOT NULL,
    kind text CONSTRAINT journal_kind_not_null NOT NULL,
    key text CONSTRAINT journal_key_not_null NOT NULL,
    codec smallint DEFAULT 0 CONSTRAINT journal_codec_not_null NOT NULL,
    payload bytea CONSTRAINT journal_payload_not_null NOT NULL,
    digest bytea,
    at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT journal_at_not_null NOT NULL
);
CREATE TABLE public.questions (
    id uuid NOT NULL,
    tenant_id text DEFAULT 'default'::text NOT NULL,
    run_id uuid NOT NULL,
    key text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    codec smallint DEFAULT 0 NOT NULL,
    payload bytea NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    closed_at timestamp with time zone,
    closed_by text,
    CONSTRAINT questions_status_check CHECK ((status = ANY (ARRAY['open'::text, 'answered'::text, 'withdrawn'::text, 'expired'::text])))
);
CREATE TABLE public.runs (
    id uuid NOT NULL,
    tenant_id text DEFAULT 'default'::text NOT NULL,
    workflow text NOT NULL,
    version integer NOT NULL,
    pin text NOT NULL,
    status text NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    principal text DEFAULT ''::text NOT NULL,
    epoch integer DEFAULT 0 NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    wakes integer DEFAULT 0 NOT NULL,
    losses smallint DEFAULT 0 NOT NULL,
    worker_id uuid,
    wake_at timestamp with time zone,
    cancel_requested boolean DEFAULT false NOT NULL,
    idempotency_key text,
    input_digest bytea,
    continued_from uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT runs_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');
CREATE TABLE public.workers (
    id uuid NOT NULL,
    lock_key bigint NOT NULL,
    pins text[] NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.journal ATTACH PARTITION public.journal_2026_11 FOR VALUES FROM ('01a19467-e800-0000-0000-000000000000') TO ('01a22ee6-b000-0000-0000-000000000000');
ALTER TABLE ONLY public.journal ATTACH PARTITION public.journal_2026_12 FOR VALUES FROM ('01a22ee6-b000-0000-0000-000000000000') TO ('01a2ce8b-d400-0000-0000-000000000000');
ALTER TABLE ONLY public.journal ATTACH PARTITION public.journal_2027_01 FOR VALUES FROM ('01a2ce8b-d400-0000-0000-000000000000') TO ('01a36e30-f800-0000-0000-000000000000');
ALTER TABLE ONLY public.journal ATTACH PARTITION public.journal_2027_02 FOR VALUES FROM ('01a36e30-f800-0000-0000-000000000000') TO ('01a3fe63-0800-0000-0000-000000000000');
ALTER TABLE ONLY public.journal ATTACH PARTITION public.journal_default DEFAULT;
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.artifacts VALUES ('01a1fc88-2c93-7000-9064-3021bf7338f4', 'default', '01a1fc88-2c68-7000-8031-f17377dfb4ea', 'save#0', 'note.txt', 'text/plain', 8, '221f5338d2399bc4adfd839ec6887d9ff089f7b1a30cffc163b2fc7be041d64b', '2026-11-21 05:15:45.209101+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c68-7000-8031-f17377dfb4ea', 1, 'default', 'submitted', '', 0, '\x3231', NULL, '2026-11-21 05:15:45.146815+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c7e-7000-9568-17152c72224d', 1, 'default', 'submitted', '', 0, '\x3231', NULL, '2026-11-21 05:15:45.152111+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c82-7000-b451-ae03be57c14d', 1, 'default', 'submitted', '', 0, '\x3231', NULL, '2026-11-21 05:15:45.156504+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c86-7000-80b0-d7e3a25cc410', 1, 'default', 'submitted', '', 0, '\x3231', NULL, '2026-11-21 05:15:45.160122+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c8e-7000-b224-845d3c4db380', 1, 'default', 'submitted', '', 0, '\x3231', NULL, '2026-11-21 05:15:45.168721+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2ca2-7000-a8dc-62e42fff1185', 1, 'default', 'submitted', '', 0, '\x3231', NULL, '2026-11-21 05:15:45.187591+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c7e-7000-9568-17152c72224d', 2, 'default', 'completed', 'double#0', 0, '\x7b2276616c7565223a34322c2270726f64756365645f6279223a22657870657274222c226661696c6564223a5b5d7d', '\x906ac941285c6ad51caa897054bceb4f', '2026-11-21 05:15:45.202741+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c82-7000-b451-ae03be57c14d', 2, 'default', 'completed', 'double#0', 0, '\x7b2276616c7565223a34322c2270726f64756365645f6279223a22657870657274222c226661696c6564223a5b5d7d', '\x906ac941285c6ad51caa897054bceb4f', '2026-11-21 05:15:45.202827+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c68-7000-8031-f17377dfb4ea', 2, 'default', 'saved', 'save#0', 0, '\x7b226964223a2230316131666338382d326339332d373030302d393036342d333032316266373333386634222c226e616d65223a226e6f74652e747874222c226d656469615f74797065223a22746578742f706c61696e222c2273697a65223a382c22736861323536223a2232323166353333386432333939626334616466643833396563363838376439666630383966376231613330636666633136336232666337626530343164363462227d', '\x8028d74235a3f69eed121763b36ee6e2', '2026-11-21 05:15:45.210339+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c86-7000-80b0-d7e3a25cc410', 2, 'default', 'completed', 'double#0', 0, '\x7b2276616c7565223a34322c2270726f64756365645f6279223a22657870657274222c226661696c6564223a5b5d7d', '\x906ac941285c6ad51caa897054bceb4f', '2026-11-21 05:15:45.210353+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c8e-7000-b224-845d3c4db380', 2, 'default', 'completed', 'double#0', 0, '\x7b2276616c7565223a34322c2270726f64756365645f6279223a22657870657274222c226661696c6564223a5b5d7d', '\x906ac941285c6ad51caa897054bceb4f', '2026-11-21 05:15:45.210355+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c7e-7000-9568-17152c72224d', 3, 'default', 'asked', 'ask:which', 0, '\x7b226b696e64223a227175657374696f6e222c2270726f6d7074223a2257686963683f222c22776879223a22222c2263686f69636573223a5b2261222c2262225d2c2266726565223a66616c73652c2264656661756c74223a6e756c6c2c2264656661756c745f617373756d6573223a22222c22657870697265735f6174223a6e756c6c7d', '\xbe52035a59c8fb0255930428ee34d43c', '2026-11-21 05:15:45.220565+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c82-7000-b451-ae03be57c14d', 3, 'default', 'slept', 'sleep#0', 0, '\x7b2277616b655f6174223a22323032362d31312d32315430353a31353a34372e3230383938342b30303a3030227d', '\xd5c462da194597fda732c7ce8ba762aa', '2026-11-21 05:15:45.220578+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c68-7000-8031-f17377dfb4ea', 3, 'default', 'dispatch', 'send#0', 0, '\x7b226465636973696f6e223a7b22616c6c6f77223a747275652c22726561736f6e73223a5b224e6f20706f6c696379206973206163746976652e225d2c22706f6c6963696573223a5b5d7d2c226964656d706f74656e63795f6b6579223a2230316131666338382d326336382d373030302d383033312d6631373337376466623465613a73656e642330227d', '\x0c4cd6167b7a46960ef8a6c781e1fce8', '2026-11-21 05:15:45.226411+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c8e-7000-b224-845d3c4db380', 3, 'default', 'entered', 'fragile#0', 0, '\x', '\x755345b7ef54b0d592c17e04737ab3d9', '2026-11-21 05:15:45.226423+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c8e-7000-b224-845d3c4db380', 4, 'default', 'failed', 'fragile#0', 0, '\x7b22636f6465223a22737465705f6661696c6564222c226d657373616765223a226e6f222c22726574727961626c65223a66616c73652c226572726f725f74797065223a2256616c75654572726f72222c2268696e74223a6e756c6c2c2273746570223a2266726167696c652330222c227768657265223a222f776f726b2f6d61696e2f74657374732f737570706f72742f72656c65617365642e70793a373020696e2066726167696c65222c227374657073223a5b2266726167696c652330225d7d', '\x755345b7ef54b0d592c17e04737ab3d9', '2026-11-21 05:15:45.226426+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c68-7000-8031-f17377dfb4ea', 4, 'default', 'outcome', 'send#0', 0, '\x7b22726573756c74223a2273656e742068656c6c6f227d', '\x0c4cd6167b7a46960ef8a6c781e1fce8', '2026-11-21 05:15:45.232049+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c8e-7000-b224-845d3c4db380', 5, 'default', 'run_failed', '', 0, '\x7b22636f6465223a22737465705f6661696c6564222c226d657373616765223a226e6f222c22726574727961626c65223a66616c73652c226572726f725f74797065223a2256616c75654572726f72222c2268696e74223a6e756c6c2c2273746570223a2266726167696c652330222c227768657265223a222f776f726b2f6d61696e2f74657374732f737570706f72742f72656c65617365642e70793a373020696e2066726167696c65222c227374657073223a5b2266726167696c652330225d7d', NULL, '2026-11-21 05:15:45.232059+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c68-7000-8031-f17377dfb4ea', 5, 'default', 'completed', 'double#0', 0, '\x7b2276616c7565223a34322c2270726f64756365645f6279223a22657870657274222c226661696c6564223a5b5d7d', '\x906ac941285c6ad51caa897054bceb4f', '2026-11-21 05:15:45.23805+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c68-7000-8031-f17377dfb4ea', 6, 'default', 'run_completed', '', 0, '\x7b226f7574707574223a34327d', NULL, '2026-11-21 05:15:45.245585+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c86-7000-80b0-d7e3a25cc410', 3, 'default', 'entered', 'hold#0', 0, '\x', '\x755345b7ef54b0d592c17e04737ab3d9', '2026-11-21 05:15:45.269144+00');
INSERT INTO public.journal_2026_11 VALUES ('01a1fc88-2c86-7000-80b0-d7e3a25cc410', 4, 'default', 'started', 'hold#0', 0, '\x', NULL, '2026-11-21 05:15:45.269159+00');
INSERT INTO public.questions VALUES ('01a1fc88-2cb8-7000-bffa-bb77016cb4e4', 'default', '01a1fc88-2c7e-7000-9568-17152c72224d', 'ask:which', 'open', 0, '\x7b226b696e64223a227175657374696f6e222c2270726f6d7074223a2257686963683f222c22776879223a22222c2263686f69636573223a5b2261222c2262225d2c2266726565223a66616c73652c2264656661756c74223a6e756c6c2c2264656661756c745f617373756d6573223a22222c22657870697265735f6174223a6e756c6c7d', NULL, '2026-11-21 05:15:45.21713+00', NULL, NULL);
INSERT INTO public.runs VALUES ('01a1fc88-2ca2-7000-a8dc-62e42fff1185', 'default', 'later', 1, 'later@1', 'queued', 0, '', 0, 1, 0, 0, NULL, NULL, false, NULL, '\x906ac941285c6ad51caa897054bceb4f', NULL, '2026-11-21 05:15:45.187241+00', '2026-11-21 05:15:45.187241+00', NULL);
INSERT INTO public.runs VALUES ('01a1fc88-2c7e-7000-9568-17152c72224d', 'default', 'asking', 1, 'asking@1', 'waiting', 0, '', 1, 3, 0, 0, NULL, NULL, false, NULL, '\x906ac941285c6ad51caa897054bceb4f', NULL, '2026-11-21 05:15:45.151716+00', '2026-11-21 05:15:45.228695+00', NULL);
INSERT INTO public.runs VALUES ('01a1fc88-2c82-7000-b451-ae03be57c14d', 'default', 'sleeping', 1, 'sleeping@1', 'waiting', 0, '', 1, 3, 0, 0, NULL, '2026-11-21 05:15:47.208984+00', false, NULL, '\x906ac941285c6ad51caa897054bceb4f', NULL, '2026-11-21 05:15:45.156232+00', '2026-11-21 05:15:45.228695+00', NULL);
INSERT INTO public.runs VALUES ('01a1fc88-2c8e-7000-b224-845d3c4db380', 'default', 'failing', 1, 'failing@1', 'failed', 0, '', 1, 5, 0, 0, NULL, NULL, false, NULL, '\x906ac941285c6ad51caa897054bceb4f', NULL, '2026-11-21 05:15:45.168425+00', '2026-11-21 05:15:45.231336+00', '2026-11-21 05:15:45.231336+00');
INSERT INTO public.runs VALUES ('01a1fc88-2c68-7000-8031-f17377dfb4ea', 'default', 'finishing', 1, 'finishing@1', 'completed', 0, '', 1, 6, 0, 0, NULL, NULL, false, NULL, '\x906ac941285c6ad51caa897054bceb4f', NULL, '2026-11-21 05:15:45.144589+00', '2026-11-21 05:15:45.244824+00', '2026-11-21 05:15:45.244824+00');
INSERT INTO public.runs VALUES ('01a1fc88-2c86-7000-80b0-d7e3a25cc410', 'default', 'holding', 1, 'holding@1', 'running', 0, '', 1, 4, 0, 0, '01a1fc88-2c68-7000-80d1-078de37fec48', NULL, false, NULL, '\x906ac941285c6ad51caa897054bceb4f', NULL, '2026-11-21 05:15:45.159849+00', '2026-11-21 05:15:45.268723+00', NULL);
INSERT INTO public.workers VALUES ('01a1fc88-2c68-7000-80d1-078de37fec48', 4670522594548509768, '{asking@1,failing@1,finishing@1,holding@1,sleeping@1}', 'released', 1, '2026-11-21 05:15:45.134633+00', '2026-11-21 05:15:45.134633+00');
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.artifacts
    ADD CONSTRAINT artifacts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.artifacts
    ADD CONSTRAINT artifacts_run_id_key_key UNIQUE (run_id, key);
ALTER TABLE ONLY public.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (run_id, seq);
ALTER TABLE ONLY public.journal_2026_11
    ADD CONSTRAINT journal_2026_11_pkey PRIMARY KEY (run_id, seq);
ALTER TABLE ONLY public.journal_2026_12
    ADD CONSTRAINT journal_2026_12_pkey PRIMARY KEY (run_id, seq);
ALTER TABLE ONLY public.journal_2027_01
    ADD CONSTRAINT journal_2027_01_pkey PRIMARY KEY (run_id, seq);
ALTER TABLE ONLY public.journal_2027_02
    ADD CONSTRAINT journal_2027_02_pkey PRIMARY KEY (run_id, seq);
ALTER TABLE ONLY public.journal_default
    ADD CONSTRAINT journal_default_pkey PRIMARY KEY (run_id, seq);
ALTER TABLE ONLY public.questions
    ADD CONSTRAINT questions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.questions
    ADD CONSTRAINT questions_run_id_key_key UNIQUE (run_id, key);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);
CREATE INDEX artifacts_by_tenant ON public.artifacts USING btree (tenant_id, id);
CREATE UNIQUE INDEX journal_one_answer ON ONLY public.journal USING btree (run_id, key) WHERE (kind = 'answered'::text);
CREATE UNIQUE INDEX journal_2026_11_run_id_key_idx ON public.journal_2026_11 USING btree (run_id, key) WHERE (kind = 'answered'::text);
CREATE UNIQUE INDEX journal_2026_12_run_id_key_idx ON public.journal_2026_12 USING btree (run_id, key) WHERE (kind = 'answered'::text);
CREATE UNIQUE INDEX journal_2027_01_run_id_key_idx ON public.journal_2027_01 USING btree (run_id, key) WHERE (kind = 'answered'::text);
CREATE UNIQUE INDEX journal_2027_02_run_id_key_idx ON public.journal_2027_02 USING btree (run_id, key) WHERE (kind = 'answered'::text);
CREATE UNIQUE INDEX journal_default_run_id_key_idx ON public.journal_default USING btree (run_id, key) WHERE (kind = 'answered'::text);
CREATE INDEX questions_open ON public.questions USING btree (tenant_id, id) WHERE (status = 'open'::text);
CREATE INDEX runs_by_tenant ON public.runs USING btree (tenant_id, id);
CREATE INDEX runs_by_workflow ON public.runs USING btree (tenant_id, workflow, id);
CREATE INDEX runs_due ON public.runs USING btree (priority DESC, id) WHERE (status = 'queued'::text);
CREATE UNIQUE INDEX runs_idempotency ON public.runs USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX runs_owned ON public.runs USING btree (worker_id) WHERE (status = 'running'::text);
CREATE INDEX runs_timers ON public.runs USING btree (wake_at) WHERE ((status = 'waiting'::text) AND (wake_at IS NOT NULL));
ALTER INDEX public.journal_pkey ATTACH PARTITION public.journal_2026_11_pkey;
ALTER INDEX public.journal_one_answer ATTACH PARTITION public.journal_2026_11_run_id_key_idx;
ALTER INDEX public.journal_pkey ATTACH PARTITION public.journal_2026_12_pkey;
ALTER INDEX public.journal_one_answer ATTACH PARTITION public.journal_2026_12_run_id_key_idx;
ALTER INDEX public.journal_pkey ATTACH PARTITION public.journal_2027_01_pkey;
ALTER INDEX public.journal_one_answer ATTACH PARTITION public.journal_2027_01_run_id_key_idx;
ALTER INDEX public.journal_pkey ATTACH PARTITION public.journal_2027_02_pkey;
ALTER INDEX public.journal_one_answer ATTACH PARTITION public.journal_2027_02_run_id_key_idx;
ALTER INDEX public.journal_pkey ATTACH PARTITION public.journal_default_pkey;
ALTER INDEX public.journal_one_answer ATTACH PARTITION public.journal_default_run_id_key_idx;
ALTER TABLE ONLY public.artifacts
    ADD CONSTRAINT artifacts_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id);
ALTER TABLE ONLY public.questions
    ADD CONSTRAINT questions_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id);
