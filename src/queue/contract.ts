import { z } from "zod";

/** The payload of each background task. */
export const payloadSchemas = {
  dispatch: z.object({ messageId: z.uuid() }),
  "look-up": z.object({ providerId: z.uuid(), messageIds: z.array(z.uuid()) }),
  /** Message ids of one provider. Jobs queued by an earlier version hold a single message. */
  reconcile: z.union([
    z.array(z.uuid()),
    z.object({ messageId: z.uuid() }).transform(({ messageId }) => [messageId]),
  ]),
  "drain-receipts": z.object({ providerId: z.uuid() }),
  "read-inbound": z.object({ providerId: z.uuid() }),
  "confirm-opt-out": z.object({ messageId: z.uuid() }),
  "refresh-balance": z.object({ providerId: z.uuid() }),
  "refresh-rates": z.object({ providerId: z.uuid() }),
  "expand-campaign": z.object({ campaignId: z.uuid() }),
  "rewrite-campaign": z.object({ campaignId: z.uuid() }),
  "cancel-campaign": z.object({ campaignId: z.uuid() }),
};

export type Task = keyof typeof payloadSchemas;

export type Payload<Name extends Task> = z.output<(typeof payloadSchemas)[Name]>;

/** The queue runs jobs with a lower number first. */
const priorities = { HIGH: -10, NORMAL: 0, LOW: 10 } as const;

export type JobPriority = keyof typeof priorities;

/** SQL: the number of a priority that is a text or an enum; NORMAL when it is null. */
export const priorityNumber = (priority: string): string =>
  `case ${priority} when 'HIGH' then ${priorities.HIGH} when 'LOW' then ${priorities.LOW} else ${priorities.NORMAL} end`;

const flagPrefix = { fixed: "provider ", routed: "routed " } as const;

/**
 * The flag of a dispatch job, by which the queue can skip the jobs of one provider. Routed messages have a
 * flag of their own: they can go elsewhere, and need not wait for a provider in trouble.
 */
export const laneFlag = (providerId: string, isRouted: boolean): string =>
  (isRouted ? flagPrefix.routed : flagPrefix.fixed) + providerId;

/** The same in SQL. */
export const laneFlagInSql = (providerId: string, isRouted: string): string =>
  `case when ${isRouted} then '${flagPrefix.routed}' else '${flagPrefix.fixed}' end || ${providerId}`;
