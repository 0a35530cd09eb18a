import { hash } from "node:crypto";
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

/** The same for all filters that want the same events: each value once, in their order. */
export function normalFilter(filter: EventFilter): EventFilter {
  return {
    ...filter,
    messageIds: inOrder(filter.messageIds),
    statuses: inOrder(filter.statuses),
    countries: inOrder(filter.countries),
  };
}

const inOrder = <Value extends string>(values: readonly Value[] | undefined): Value[] | undefined =>
  values && [...new Set(values)].toSorted();

/** A normal filter as a function, for events in memory; the statements of the log do the same in SQL. */
export function matcherOf(filter: EventFilter): (event: FeedEvent) => boolean {
  const { accountId, messageIds, campaignId, providerId, clientRefPrefix } = filter;
  const statuses = filter.statuses && new Set(filter.statuses);
  const countries = filter.countries && new Set(filter.countries);
  return (event) =>
    event.accountId === accountId &&
    (messageIds === undefined || isIn(messageIds, event.messageId)) &&
    (campaignId === undefined || event.campaignId === campaignId) &&
    (providerId === undefined || event.providerId === providerId) &&
    (statuses === undefined ? event.status !== "RECEIVED" : statuses.has(event.status)) &&
    (clientRefPrefix === undefined || event.clientRef?.startsWith(clientRefPrefix) === true) &&
    (countries === undefined || (event.country !== null && countries.has(event.country)));
}

/** Whether a value is in a list that is in order. A set would take more memory than all the rest of an idle subscription. */
function isIn(values: readonly string[], value: string): boolean {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as string) < value) low = middle + 1;
    else high = middle;
  }
  return values[low] === value;
}

/** A longer text is replaced by its hash. */
const longestKey = 300;

/** The same text for all normal filters that want the same events. */
export function filterKey(filter: EventFilter): string {
  const { accountId, messageIds, campaignId, providerId, statuses, clientRefPrefix, countries } = filter;
  const key = JSON.stringify([
    accountId,
    campaignId,
    providerId,
    clientRefPrefix,
    messageIds,
    statuses,
    countries,
  ]);
  return key.length > longestKey ? hash("sha256", key, "base64") : key;
}
