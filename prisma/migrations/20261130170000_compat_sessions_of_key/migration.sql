create index concurrently if not exists compat_sessions_key_idx on compat_sessions (key_id, used_at);
