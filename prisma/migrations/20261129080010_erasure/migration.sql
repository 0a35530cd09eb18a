-- Small, and quick to build: callbacks are stored in the order of their arrival. The raw callbacks about one person are found by the
-- times at which something happened to the person's messages.
create index concurrently if not exists "callbacks_received_at_idx" on "callbacks" using brin ("received_at");
