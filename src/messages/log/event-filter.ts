import type { FeedEvent } from "./logged-event.ts";
import type { MessageStatus } from "../model/status.ts";

/** Which events a reader wants; absent fields do not restrict. Messages from people only where `statuses` has RECEIVED. */
export interface EventFilter {
  accountId: string;
  messageIds?: readonly string[] | undefined;
  campaignId?: string | undefined;
  providerId?: string | undefined;
  statuses?: readonly MessageStatus[] | undefined;
  clientRefPrefix?: string | undefined;
  countries?: readonly string[] | undefined;
}

/** Whether a filter needs facts of the message that the event itself does not hold. */
export const asksFacts = ({ campaignId, clientRefPrefix, countries }: EventFilter): boolean =>
  campaignId !== undefined || clientRefPrefix !== undefined || countries !== undefined;

/** The filter as a function, for events in memory; the statements of the log do the same in SQL. */
export function matcherOf(filter: EventFilter): (event: FeedEvent) => boolean {
  const { accountId, campaignId, providerId, clientRefPrefix } = filter;
  // Usually one id: then a set would be the largest part of an idle subscription's memory.
  const messageId = filter.messageIds?.length === 1 ? filter.messageIds[0] : undefined;
  const messageIds = messageId === undefined && filter.messageIds ? new Set(filter.messageIds) : undefined;
  const statuses = filter.statuses && new Set(filter.statuses);
  const countries = filter.countries && new Set(filter.countries);
  return (event) =>
    event.accountId === accountId &&
    (messageId === undefined || event.messageId === messageId) &&
    (messageIds === undefined || messageIds.has(event.messageId)) &&
    (campaignId === undefined || event.campaignId === campaignId) &&
    (providerId === undefined || event.providerId === providerId) &&
    (statuses === undefined ? event.status !== "RECEIVED" : statuses.has(event.status)) &&
    (clientRefPrefix === undefined || event.clientRef?.startsWith(clientRefPrefix) === true) &&
    (countries === undefined || (event.country !== null && countries.has(event.country)));
}

/** The same text for all filters that want the same events. */
export function filterKey(filter: EventFilter): string {
  const { accountId, campaignId, providerId, clientRefPrefix } = filter;
  const lists = [filter.messageIds, filter.statuses, filter.countries].map(
    (list) => list && [...new Set<string>(list)].toSorted(),
  );
  return JSON.stringify([accountId, campaignId, providerId, clientRefPrefix, ...lists]);
}
