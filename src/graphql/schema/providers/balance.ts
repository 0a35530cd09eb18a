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
    `How long a balance lasts at the burn of the last ${burnHours} hours, with what is queued and scheduled. Messages ` +
    "without a rate count as nothing; a credit limit does not count.",
  fields: (t) => ({
    hours: t.float({
      nullable: true,
      description:
        "Hours until it is used up, 0 when what is queued exceeds it; null when it is not used up.",
      resolve: ({ until, now }) => until && Math.max(0, until.getTime() - now.getTime()) / perHour,
    }),
    until: t.expose("until", {
      type: "DateTime",
      nullable: true,
      description: "When it is used up; null when it is not, as far as can be told.",
    }),
    burnPerHour: t.field({
      type: Money,
      nullable: true,
      description: "What is spent per hour, to six decimals; null when the provider counts in units.",
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
      description: "What is queued and scheduled will cost; null when the provider counts in units.",
      resolve: ({ committed, currency }) =>
        currency === null ? null : { amount: committed.toFixed(), currency },
    }),
    committedUnits: t.field({
      type: "Decimal",
      nullable: true,
      description: "Segments that are queued and scheduled; null when the provider counts in money.",
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
    return time !== undefined && isUuid(id) ? { fetchedAt: new Date(Number(time)), id } : undefined;
  },
};

/** Whatever comes after a key in the list, or before it. */
const beyond = (key: BalanceKey | undefined, side: "lt" | "gt") =>
  key && {
    OR: [{ fetchedAt: { [side]: key.fetchedAt } }, { fetchedAt: key.fetchedAt, id: { [side]: key.id } }],
  };

builder.prismaObjectFields(Provider, (t) => ({
  lowBalance: t.expose("lowBalance", {
    type: "Decimal",
    nullable: true,
    description: "The threshold below which its balance is low, in its own money or units; null without one.",
  }),
  balanceIsLow: t.boolean({
    description: "Whether its newest known balance is below `lowBalance`; pushed with `balanceChanged`.",
    select: { lowBalance: true, balances: { orderBy: { fetchedAt: "desc" }, take: 1 } },
    resolve: ({ lowBalance, balances: [newest] }) => {
      const balance = newest?.amount ?? newest?.units;
      return lowBalance !== null && balance != null && balance.lessThan(lowBalance);
    },
  }),
  runway: t.field({
    type: Runway,
    nullable: true,
    description: "How long its balance lasts; null while no balance is known.",
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
      description: "Every balance it told, newest first.",
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
    { name: "BalanceEdge", description: "A balance and its place in the list." },
  ),
}));
