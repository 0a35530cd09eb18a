create index concurrently if not exists "messages_answered_campaign_id_idx" on "messages" ("answered_campaign_id", "id") where answered_campaign_id is not null;
