-- How far the event log has been cleared away. One row, which is never deleted.
CREATE TABLE "event_log_floor" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "tx" BIGINT NOT NULL,
    "event_id" BIGINT NOT NULL,

    CONSTRAINT "event_log_floor_pkey" PRIMARY KEY ("id")
);

INSERT INTO "event_log_floor" ("tx", "event_id") VALUES (0, 0);
