-- A new value of a type can be used only after the transaction that adds it.
UPDATE "callbacks" SET "state" = 'UNREAD', "problem" = NULL
WHERE "state" = 'QUARANTINED' AND "source" = 'POLL' AND "problem" = 'Taken from the provider, and not read yet.';
