-- Whom to wake when a message has left our hands: few messages follow another.
create index "messages_follows_idx" on "messages" ("follows") where follows is not null;
