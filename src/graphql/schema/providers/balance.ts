import { isStorableTime } from "../../../lib/storable.ts";
import { isUuid } from "../../../lib/uuid.ts";
import type { Balance as BalanceRow } from "../../../database/generated/client.ts";
import { burnHours, readRunway, type Runway as RunwayShape } from "../../../pricing/runway.ts";
import { builder } from "../builder.ts";
import { Money } from "../money.ts";
import { paginate, type Keyset } from "../page.ts";
import { Balance } from "../pricing/pricing.ts";
import { Provider } from "./provider.ts";

const perHour = 3_600_000;

const Runway = builder.objectRef<RunwayShape & { now: Date }>("Runway").implement({
  description:
    `How long a balance lasts at the spending rate of the last ${burnHours} hours, including queued and scheduled messages. Messages ` +
    "without a rate count as zero, and a credit limit is ignored.",
  fields: (t) => ({
    hours: t.float({
      nullable: true,
      description:
        "Hours until it is used up; 0 when queued messages already exceed it; null when it is not being used up.",
      resolve: ({ until, now }) => until && Math.max(0, until.getTime() - now.getTime()) / perHour,
    }),
    until: t.expose("until", {
      type: "DateTime",
      nullable: true,
      description: "When it will be used up; null when it is not being used up.",
    }),
    burnPerHour: t.field({
      type: Money,
      nullable: true,
      description: "Money spent per hour, to six decimals; null when the provider counts in units.",
      resolve: ({ burnPerHour, currency }) =>
        currency === null ? null : { amount: burnPerHour.toDecimalPlaces(6).toFixed(), currency },
    }),
    unitsPerHour: t.field({
      type: "Decimal",
      nullable: true,
      description: "Segments sent per hour, to six decimals; null when the provider counts in money.",
      resolve: ({ burnPerHour, currency }) =>
        currency === null ? burnPerHour.toDecimalPlaces(6).toFixed() : null,
    }),
    committed: t.field({
      type: Money,
      nullable: true,
      description: "Cost of the queued and scheduled messages; null when the provider counts in units.",
      resolve: ({ committed, currency }) =>
        currency === null ? null : { amount: committed.toFixed(), currency },
    }),
    committedUnits: t.field({
      type: "Decimal",
      nullable: true,
      description: "Segments of the queued and scheduled messages; null when the provider counts in money.",
      resolve: ({ committed, currency }) => (currency === null ? committed.toFixed() : null),
    }),
  }),
});

interface BalanceKey {
  fetchedAt: Date;
  id: string;
}

const byTime: Keyset<BalanceRow, BalanceKey> = {
  keyOf: ({ fetchedAt, id }) => ({ fetchedAt, id }),
  write: ({ fetchedAt, id }) => `${fetchedAt.getTime()}:${id}`,
  read: (text) => {
    const [, time, id = ""] = /^(\d{1,15}):([0-9a-f-]{36})$/.exec(text) ?? [];
    const fetchedAt = new Date(Number(time));
    return isStorableTime(fetchedAt) && isUuid(id) ? { fetchedAt, id } : undefined;
  },
};

/** The condition for entries beyond a key of the list, on the given side. */
const beyond = (key: BalanceKey | undefined, side: "lt" | "gt") =>
  key && {
    OR: [{ fetchedAt: { [side]: key.fetchedAt } }, { fetchedAt: key.fetchedAt, id: { [side]: key.id } }],
  };

builder.prismaObjectFields(Provider, (t) => ({
  lowBalance: t.expose("lowBalance", {
    type: "Decimal",
    nullable: true,
    description:
      "The balance is low below this threshold, in the provider's money or units; null for no threshold.",
  }),
  balanceIsLow: t.boolean({
    description: "Whether the newest known balance is below `lowBalance`. `balanceChanged` also sends it.",
    select: { lowBalance: true, balances: { orderBy: { fetchedAt: "desc" }, take: 1 } },
    resolve: ({ lowBalance, balances: [newest] }) => {
      const balance = newest?.amount ?? newest?.units;
      return lowBalance !== null && balance != null && balance.lessThan(lowBalance);
    },
  }),
  runway: t.field({
    type: Runway,
    nullable: true,
    description: "How long the balance lasts; null while no balance is known.",
    extensions: { cost: { own: 50 } },
    select: { id: true, accountId: true },
    resolve: async ({ id: providerId, accountId }, _args, { database, clock }) => {
      const now = clock.now();
      const runway = await readRunway(database, { accountId, providerId }, now);
      return runway ? { ...runway, now } : null;
    },
  }),
  balanceHistory: t.connection(
    {
      type: Balance,
      description: "Every known balance, newest first.",
      select: { id: true },
      resolve: ({ id: providerId }, args, { database }) =>
        paginate(args, byTime, ({ after, before, limit, inverted }) => {
          const order = inverted ? "asc" : "desc";
          return database.prisma.balance.findMany({
            where: { providerId, AND: [beyond(after, "lt") ?? {}, beyond(before, "gt") ?? {}] },
            orderBy: [{ fetchedAt: order }, { id: order }],
            take: limit,
          });
        }),
    },
    { name: "BalanceConnection", description: "A page of balances." },
    { name: "BalanceEdge", description: "A balance and its position in the list." },
  ),
}));
