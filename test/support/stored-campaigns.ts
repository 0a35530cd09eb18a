import { randomUUIDv7 } from "node:crypto";
import { encodeId } from "../../src/lib/global-id.ts";
import { addJobs } from "../../src/queue/jobs.ts";
import type { Prisma } from "../../src/database/generated/client.ts";
import type { TestApp } from "./app.ts";

/** Stores a campaign with its recipients, as accepting one does at its end. */
export async function storeCampaign(
  { services: { database, clock }, accountId }: TestApp,
  providerIds: readonly string[],
  recipients: readonly string[],
  own: Partial<Prisma.CampaignUncheckedCreateInput> = {},
): Promise<{ campaignId: string; id: string }> {
  const campaignId = randomUUIDv7();
  const now = clock.now();
  const isScheduled = own.scheduledAt != null;
  await database.prisma.campaignRecipient.createMany({
    data: recipients.map((recipient, index) => ({
      campaignId,
      position: index + 1,
      recipient,
      country: "SK",
      providerId: providerIds[index % providerIds.length] ?? "",
      sender: "smsgraph",
      encoding: "GSM7" as const,
      segments: 1,
    })),
  });
  await database.prisma.campaignTally.create({
    data: { campaignId, status: isScheduled ? "SCHEDULED" : "QUEUED", delta: recipients.length },
  });
  // Last: from here on it is seen.
  await database.prisma.campaign.create({
    data: {
      id: campaignId,
      accountId,
      name: "Test",
      sender: "smsgraph",
      text: "Hello",
      status: isScheduled ? "SCHEDULED" : "RUNNING",
      createdAt: now,
      startedAt: isScheduled ? null : now,
      updatedAt: now,
      importedAt: now,
      total: recipients.length,
      ...own,
    },
  });
  await addJobs(database, [{ task: "expand-campaign", payload: { campaignId } }]);
  return { campaignId, id: encodeId("Campaign", campaignId) };
}

/** Slovak numbers that differ before their scenario suffix. */
export const numbersOf = (count: number, suffix = "000"): string[] =>
  Array.from({ length: count }, (_, index) => `+42191${String(index).padStart(4, "0")}${suffix}`);
