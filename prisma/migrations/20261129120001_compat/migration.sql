-- The four APIs that are served under /compat.
create type compat_api as enum ('TIKOSMS', 'TONKRA', 'TELEKOM', 'QIKLI');

-- Where the key has its receipts posted, and whether it may send by GET.
alter table api_keys add column callback_url text;
alter table api_keys add column allows_get boolean not null default false;

alter table campaigns add column served_as compat_api;
alter table campaigns add column callback_url text;
alter table campaign_recipients add column callback_url text;

-- Numbers that ids in the vendors' forms are made of.
create sequence compat_ids as bigint start with 100001 increment by 100;

-- Without foreign keys, as the event log: the rows go with their messages.
create table compat_messages (
  message_id uuid primary key,
  account_id uuid not null,
  api compat_api not null,
  vendor_id text not null,
  group_id text,
  callback_url text,
  details jsonb
);
create unique index compat_messages_account_id_api_vendor_id_key on compat_messages (account_id, api, vendor_id);
create index compat_messages_group_idx on compat_messages (account_id, api, group_id) where group_id is not null;

-- What is to be told of messages in a vendor's words: posted to an address, or read once.
create table compat_reports (
  id bigserial primary key,
  account_id uuid not null,
  message_id uuid not null,
  api compat_api not null,
  url text,
  origin text,
  status message_status not null,
  occurred_at timestamptz(3) not null,
  part smallint not null default 1,
  parts smallint not null default 1,
  attempts int not null default 0,
  problem text,
  due_at timestamptz(3) not null default current_timestamp,
  lease uuid,
  created_at timestamptz(3) not null default current_timestamp
);
create index compat_reports_message_idx on compat_reports (message_id, id);
create index compat_reports_due_idx on compat_reports (due_at, id) where url is not null;
create index compat_reports_unread_idx on compat_reports (account_id, id) where url is null;

-- How far the event log has been read for such reports.
create table compat_reader (
  one boolean primary key default true,
  tx bigint not null,
  id bigint not null
);
insert into compat_reader (tx, id) values (pg_current_xact_id()::text::bigint, 0);

-- Sessions of the Telekom API, which every process knows.
create table compat_sessions (
  id uuid primary key,
  account_id uuid not null,
  key_id uuid not null,
  used_at timestamptz(3) not null default current_timestamp
);
create index compat_sessions_used_idx on compat_sessions (used_at);
create index compat_sessions_account_idx on compat_sessions (account_id);
