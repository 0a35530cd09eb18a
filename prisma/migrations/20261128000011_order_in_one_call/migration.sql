-- The message before this one of those that were given for its recipient in one call: it is submitted first.
alter table "messages" add column "follows" uuid;
