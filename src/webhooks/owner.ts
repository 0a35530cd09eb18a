import type { Prisma, Webhook, WebhookStream } from "../database/generated/client.ts";
import { ForbiddenError, InvalidInputError, NotFoundError } from "../lib/errors.ts";
import type { EventFilter } from "../messages/log/event-filter.ts";

/** Whose webhooks, and whether the caller may have the audit log delivered. */
export interface WebhookOwner {
  accountId: string;
  readsAudit: boolean;
}

/** @throws NotFoundError @throws ForbiddenError */
export function allowed(owner: WebhookOwner, id: string, webhook: Webhook | null): Webhook {
  if (!webhook) throw new NotFoundError("Webhook", id);
  checkStream(owner, webhook.stream);
  return webhook;
}

/**
 * Who may not read the audit log must not lead it somewhere else.
 * @throws ForbiddenError @throws InvalidInputError
 */
export function checkStream({ readsAudit }: WebhookOwner, stream: WebhookStream, filter?: EventFilter): void {
  if (stream !== "AUDIT") return;
  if (!readsAudit)
    throw new ForbiddenError(
      "A webhook of the audit log needs the scope ADMIN. Nothing was done. Use a key that has it.",
    );
  if (filter && Object.values(restrictionsOf(filter)).some((restriction) => restriction !== undefined))
    throw new InvalidInputError("filter", "`filter` is about messages. Leave it out for the stream AUDIT.");
}

/** The filter as it is stored: the account has a column of its own. */
export function restrictionsOf(filter: EventFilter): Prisma.InputJsonObject {
  const { messageIds, campaignId, providerId, statuses, clientRefPrefix, countries } = filter;
  return { messageIds, campaignId, providerId, statuses, clientRefPrefix, countries };
}
