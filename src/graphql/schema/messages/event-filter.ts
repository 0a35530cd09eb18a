import { InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { requireStorable } from "../../../lib/storable.ts";
import type { EventFilter } from "../../../messages/log/event-filter.ts";
import { accountOf, type Context } from "../../context.ts";
import { builder } from "../builder.ts";
import { maxFilterIds, maxFilterWords } from "../limits.ts";
import { MessageStatusEnum } from "./enums.ts";

export const MessageEventFilter = builder.inputType("MessageEventFilter", {
  description: "Which events to watch. All given conditions must hold.",
  fields: (t) => ({
    messageIds: t.idList({ description: `Of these messages, at most ${maxFilterIds}.` }),
    campaignId: t.id({ description: "Of the messages of this campaign." }),
    providerId: t.id({ description: "Of messages sent through this provider." }),
    status: t.field({
      type: [MessageStatusEnum],
      description: "Events with one of these statuses; absent: all but RECEIVED.",
    }),
    clientRefPrefix: t.string({
      description: "Of messages whose `clientRef` begins with this (case-sensitive).",
    }),
    country: t.stringList({
      description: "Of messages to one of these countries, ISO 3166-1 alpha-2, such as `SK`.",
    }),
  }),
});

type FilterInput = typeof MessageEventFilter.$inferInput | null | undefined;

/** @throws InvalidIdError, InvalidInputError */
export function toFilter(context: Context, input: FilterInput): EventFilter {
  const { messageIds, campaignId, providerId, status, clientRefPrefix, country } = input ?? {};
  checkLength("messageIds", messageIds, maxFilterIds);
  checkLength("status", status, maxFilterWords);
  checkLength("country", country, maxFilterWords);
  for (const code of country ?? []) {
    if (/^[A-Z]{2}$/.test(code)) continue;
    const problem = `"${code.slice(0, 20)}" is not a country. Write two capital letters, such as SK.`;
    throw new InvalidInputError("filter.country", problem);
  }
  return {
    accountId: accountOf(context),
    messageIds: messageIds?.map((id) => decodeId("Message", id, "filter.messageIds")),
    campaignId: campaignId == null ? undefined : decodeId("Campaign", campaignId, "filter.campaignId"),
    providerId: providerId == null ? undefined : decodeId("Provider", providerId, "filter.providerId"),
    statuses: status ?? undefined,
    clientRefPrefix:
      clientRefPrefix == null ? undefined : requireStorable(clientRefPrefix, "filter.clientRefPrefix"),
    countries: country ?? undefined,
  };
}

/** An empty list would match nothing, so it is refused. */
function checkLength(field: string, list: readonly unknown[] | null | undefined, most: number): void {
  if (!list || (list.length > 0 && list.length <= most)) return;
  const path = `filter.${field}`;
  throw new InvalidInputError(path, `\`${path}\` takes 1 to ${most} entries; leave it out to watch all.`);
}

/**
 * A stream about an object that the account does not have would stay silent forever, so it ends with an
 * error.
 * @throws NotFoundError
 */
export async function checkTargets(
  { database: { prisma } }: Context,
  { accountId, messageIds, campaignId, providerId }: EventFilter,
): Promise<void> {
  if (messageIds) {
    const where = { accountId, id: { in: [...messageIds] } };
    const found = await prisma.message.findMany({ where, select: { id: true } });
    const known = new Set(found.map(({ id }) => id));
    const missing = messageIds.find((id) => !known.has(id));
    if (missing !== undefined) throw new NotFoundError("Message", missing);
  }
  if (
    campaignId !== undefined &&
    (await prisma.campaign.count({ where: { id: campaignId, accountId } })) === 0
  )
    throw new NotFoundError("Campaign", campaignId);
  if (
    providerId !== undefined &&
    (await prisma.provider.count({ where: { id: providerId, accountId } })) === 0
  )
    throw new NotFoundError("Provider", providerId);
}
