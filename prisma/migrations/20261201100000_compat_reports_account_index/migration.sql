create index concurrently if not exists compat_reports_account_origin_idx on compat_reports (account_id, origin, due_at, id) where url is not null;
