-- In a migration of its own: a new value can be used only after it is committed.
ALTER TYPE "message_status" ADD VALUE 'RECEIVED';
