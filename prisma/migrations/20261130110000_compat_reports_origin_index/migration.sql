create index concurrently if not exists compat_reports_origin_idx on compat_reports (origin, due_at, id) where url is not null;
