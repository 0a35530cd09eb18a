-- What the recipients of a scheduled campaign were given as values, so that its text can be changed until it begins.
ALTER TABLE "campaign_recipients" ADD COLUMN "given" TEXT[];

CREATE TABLE "campaign_values" (
    "campaign_id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "given" TEXT[],

    CONSTRAINT "campaign_values_pkey" PRIMARY KEY ("campaign_id", "message_id")
);

ALTER TABLE "campaigns" ADD COLUMN "value_names" TEXT[];
ALTER TABLE "campaigns" ADD COLUMN "encoding" TEXT;
ALTER TABLE "campaigns" ADD COLUMN "rewritten_to" UUID;
