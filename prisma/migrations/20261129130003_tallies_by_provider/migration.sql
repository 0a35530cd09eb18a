-- Nullable: nothing is rewritten. The version before counts under no provider.
ALTER TABLE "campaign_tallies" ADD COLUMN "provider_id" UUID;
