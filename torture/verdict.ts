import type { Client } from "pg";
import { canBeFound, endOf, readBooks, type Booked } from "./books.ts";
import type { Load } from "./load.ts";
import type { Order } from "./orders.ts";
import type { Provider } from "./providers.ts";
import { findMiscounted, findUnlikeLog, readPending, readStored, type Stored } from "./stored.ts";

/** What is promised, how often it was looked at, and where it was broken. */
export interface Finding {
  promise: string;
  checked: number;
  broken: string[];
}

export interface Scene {
  database: Client;
  providers: readonly Provider[];
  load: Load;
}

/** What the tables say, beside what callers were told and what the providers have in their books. */
export async function judge({ database, providers, load }: Scene): Promise<Finding[]> {
  const pending = await readPending(database);
  const stored = await readStored(database);
  const books = readBooks(providers);
  const orders = [...load.orders.values()];
  const byRecipient = Map.groupBy(stored, ({ to }) => to);
  const compare = (message: Stored): string | undefined =>
    explain(message, books.get(message.to) ?? [], load.orders.get(message.to), providers);
  return [
    {
      promise: "what was acknowledged is there, once",
      checked: orders.length,
      broken: [
        ...orders.filter(({ to }) => byRecipient.get(to)?.length !== 1).map(({ to }) => to),
        ...stored.filter(({ to }) => !load.orders.has(to)).map(({ to }) => `${to}, which nobody was told of`),
      ],
    },
    {
      promise: "nothing was submitted twice",
      checked: books.size,
      broken: [...books].flatMap(([to, entries]) =>
        entries.length > 1 && !load.orders.get(to)?.mayBeTwice ? [`${to}: ${JSON.stringify(entries)}`] : [],
      ),
    },
    {
      promise: "nothing was submitted that nobody asked for",
      checked: books.size,
      broken: [...books.keys()].filter((to) => !load.orders.has(to)),
    },
    {
      promise: "what was cancelled in time was not sent",
      checked: load.cancelled.size,
      broken: [...load.cancelled].filter(
        (to) => books.has(to) || byRecipient.get(to)?.[0]?.status !== "CANCELLED",
      ),
    },
    {
      promise: "nothing waits that could go on",
      checked: stored.length,
      broken: [
        ...stored.filter(({ status }) => waiting.has(status)).map(({ to, status }) => `${to} is ${status}`),
        ...pending.map((to) => `${to} is no message yet`),
      ],
    },
    {
      promise: "every status is what the books say",
      checked: stored.length,
      broken: stored.flatMap((message) => compare(message) ?? []),
    },
    {
      promise: "every cost is what the books say",
      checked: stored.filter(({ cost }) => cost !== null).length,
      broken: stored.flatMap((message) => compareCost(message, books.get(message.to) ?? []) ?? []),
    },
    {
      promise: "the log replays to the tables",
      checked: stored.length,
      broken: await findUnlikeLog(database),
    },
    {
      promise: "counts and costs of campaigns are exact",
      checked: load.campaigns.length,
      broken: await findMiscounted(database),
    },
    { promise: "every refusal was typed and just", checked: orders.length, broken: load.problems },
  ];
}

const waiting = new Set(["SCHEDULED", "QUEUED", "SUBMITTING"]);
const uncertain = new Set(["OUTCOME_UNKNOWN", "UNKNOWN"]);
/** True of a message that no provider has: it was refused, taken back, or nobody can tell. */
const trueOfAbsent = new Set(["CANCELLED", "REJECTED", "FAILED", "EXPIRED", ...uncertain, ...waiting]);

/** Endings other than the scenario's that are as true, by the last digits of the number. */
const asTrue: Readonly<Record<string, string>> = {
  // It says two final things, and the first may have been lost.
  "022": "UNDELIVERED",
  // Nobody asks about every delivered message whether it was read (docs/providers.md), and that report may have been lost.
  "031": "DELIVERED",
  // Lost with the queue, and found in the logs.
  "041": "DELIVERED",
};

/** What is wrong with a message's status; undefined when it is true. */
function explain(
  message: Stored,
  entries: readonly Booked[],
  order: Order | undefined,
  providers: readonly Provider[],
): string | undefined {
  const { to, status, kind } = message;
  const [entry] = entries;
  const told = `${to} is ${status} at ${kind}`;
  if (!entry) return trueOfAbsent.has(status) ? undefined : `${told}, and no provider has it`;
  if (order?.mayBeTwice && entries.length > 1) return undefined;
  if (entry.kind !== kind) return `${told}, and ${entry.kind} has it`;
  if (entry.reference !== null && entry.reference !== message.id) return `${told}, under ${entry.reference}`;
  const expected = endOf(providers, entry.kind, to);
  if (status === expected || status === asTrue[to.slice(-3)]) return undefined;
  const isTruthful =
    !canBeFound(message, entry) && uncertain.has(status) && message.providerMessageId === null;
  return isTruthful ? undefined : `${told}, and ${expected} in the books`;
}

function compareCost({ to, cost }: Stored, [entry, second]: readonly Booked[]): string | undefined {
  if (cost === null || !entry || second || entry.cost === null) return undefined;
  return Math.abs(entry.cost - cost) < 1e-9
    ? undefined
    : `${to} cost ${cost}, and ${entry.cost} in the books`;
}
