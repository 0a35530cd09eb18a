create index concurrently if not exists "messages_inbound_sender_idx" on "messages" ("account_id", "sender", "id") where listed_as = 'RECEIVED';
