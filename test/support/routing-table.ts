import type { Connection } from "../../src/connections/connections.ts";
import { createRateBook, type KnownRate } from "../../src/pricing/rates/rate-book.ts";
import { noLimits } from "../../src/pricing/spending/limits.ts";
import { registry, type ProviderKind } from "../../src/providers/registry.ts";
import { defaultSettings } from "../../src/sending-settings/settings.ts";
import type { RoutingTable } from "../../src/pricing/routing/routing-table.ts";

export interface FakeProvider {
  id: string;
  kind?: ProviderKind;
  priority?: number;
  defaultSender?: string | null;
}

export const routedAt = new Date("2026-01-31T08:00:00.000Z");

/** As much of a connection as routing looks at. */
export const fakeConnection = ({
  id,
  kind = "TIKOSMS",
  priority = 100,
  defaultSender = "smsgraph",
}: FakeProvider): Connection =>
  ({ row: { id, name: `Provider ${id}`, priority, defaultSender }, adapter: registry[kind] }) as Connection;

export const countryRate = (
  providerId: string,
  country: string,
  mcc: string,
  price: string,
  currency = "EUR",
): KnownRate => ({
  id: `${providerId} ${mcc}`,
  providerId,
  country,
  mcc,
  mnc: null,
  price,
  currency,
  validFrom: new Date(0),
  validUntil: null,
});

export function fakeTable(
  providers: readonly FakeProvider[],
  { rates = [], ...rest }: Partial<RoutingTable> & { rates?: readonly KnownRate[] } = {},
): RoutingTable {
  const connections = providers
    .map(fakeConnection)
    .toSorted((one, other) => one.row.priority - other.row.priority || (one.row.id < other.row.id ? -1 : 1));
  return {
    connections,
    disabled: [],
    standings: new Map(),
    policies: [],
    book: createRateBook(rates),
    limits: noLimits,
    settings: defaultSettings,
    maxSegments: 255,
    now: routedAt,
    ...rest,
  };
}
