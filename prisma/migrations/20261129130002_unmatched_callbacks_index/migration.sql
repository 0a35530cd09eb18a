create index concurrently if not exists "callbacks_unmatched_idx" on "callbacks" ("provider_id", "id") where unmatched;
