-- When a list of the provider was read last, and when a message was sent once more to learn what became of it.
alter table "lanes" add column "listed_at" timestamptz(3) not null default '-infinity';
alter table "message_checks" add column "resent_at" timestamptz(3);
