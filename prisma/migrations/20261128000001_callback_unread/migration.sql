-- Taken from a provider's queue, and not read yet.
ALTER TYPE "callback_state" ADD VALUE 'UNREAD';
