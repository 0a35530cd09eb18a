create index concurrently if not exists "messages_answers_idx" on "messages" ("answers") where answers is not null;
