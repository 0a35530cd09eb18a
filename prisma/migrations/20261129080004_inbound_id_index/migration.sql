-- Empty at first: no message was received before. An inbound message that is reported twice is stored once.
create unique index concurrently if not exists "messages_inbound_id_idx" on "messages" ("provider_id", "provider_message_id") where listed_as = 'RECEIVED';
