import {
  countInbox,
  maxShown,
  readInbox,
  type ReadCallback,
  type ReadReceipt,
  type ReceiptFate,
} from "../../../callbacks/inbox.ts";
import type { CallbackState } from "../../../callbacks/list-callbacks.ts";
import { maxQuarantined } from "../../../callbacks/ingest.ts";
import { reprocessQuarantined, type ReprocessCounts } from "../../../callbacks/reprocess.ts";
import { InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { asLongRequest } from "../../../lib/places.ts";
import { Slices } from "../../../lib/slices.ts";
import { maxParkedOfProvider } from "../../../messages/receipts/parked.ts";
import { builder } from "../builder.ts";
import { accountOf, type Context } from "../../context.ts";
import { EventSourceEnum, IgnoredReasonEnum, MessageStatusEnum } from "../messages/enums.ts";
import { DateTimeRange } from "../messages/date-time-range.ts";
import { Message } from "../messages/message.ts";
import { paginate, type Keyset } from "../page.ts";
import { Provider } from "./provider.ts";

const ReceivedCallbackState = builder.enumType("ReceivedCallbackState", {
  description: "Whether a callback was understood.",
  values: {
    PROCESSED: { description: "All of it was understood. Kept for 30 days." },
    QUARANTINED: { description: "Something in it was not understood. Kept for 90 days." },
    UNREAD: { description: "Taken from the provider's queue and not read yet." },
  } satisfies Record<CallbackState, { description: string }>,
});

const ReceiptFateEnum = builder.enumType("ReceiptFate", {
  description: "What became of a receipt.",
  values: {
    APPLIED: { description: "It changed its message." },
    IGNORED: {
      description: "It is in the timeline of its message and changed nothing; `ignoredReason` says why.",
    },
    REPEATED: {
      description: "It is not in the timeline: it only repeated what was known, or the timeline is deleted.",
    },
    PARKED: { description: "It waits for its message to become known, for up to seven days." },
    UNMATCHED: { description: "There is no such message, or it was not known within seven days." },
  } satisfies Record<ReceiptFate, { description: string }>,
});

const ReadReceiptRef = builder.objectRef<ReadReceipt>("ReadReceipt").implement({
  description: "A receipt as smsgraph reads it today, and what became of it.",
  fields: (t) => ({
    status: t.field({
      type: MessageStatusEnum,
      description: "What it says of the message.",
      resolve: ({ receipt }) => receipt.status,
    }),
    providerStatus: t.string({
      description: "The provider's own word.",
      resolve: ({ receipt }) => receipt.providerStatus,
    }),
    providerMessageId: t.string({
      nullable: true,
      description: "The provider's id of the message.",
      resolve: ({ receipt }) => receipt.providerMessageId ?? null,
    }),
    fate: t.expose("fate", { type: ReceiptFateEnum, description: "What became of it." }),
    ignoredReason: t.field({
      type: IgnoredReasonEnum,
      nullable: true,
      description: "Why it changed nothing; null unless it was ignored.",
      resolve: ({ ignoredReason }) => ignoredReason as typeof IgnoredReasonEnum.$inferType | null,
    }),
    message: t.field({
      type: Message,
      nullable: true,
      description: "The message that it is for; null when none is known.",
      resolve: ({ messageId }, _args, context) =>
        messageId === null ? null : context.reads.message(accountOf(context), messageId),
    }),
  }),
});

const ReceivedCallback = builder.objectRef<ReadCallback>("ReceivedCallback").implement({
  description: "A callback or an answer of a receipt queue, as the provider sent it.",
  fields: (t) => ({
    number: t.string({
      description: "Its number, in the order in which they came; for `reprocessReceipts`.",
      resolve: ({ id }) => String(id),
    }),
    provider: t.field({
      type: Provider,
      nullable: true,
      description: "The provider that sent it.",
      resolve: ({ providerId }, _args, context) => context.reads.provider(accountOf(context), providerId),
    }),
    receivedAt: t.expose("receivedAt", { type: "DateTime", description: "When it came." }),
    source: t.expose("source", {
      type: EventSourceEnum,
      description: "CALLBACK when it was pushed, POLL when it was taken from a queue.",
    }),
    state: t.expose("state", { type: ReceivedCallbackState, description: "Whether it was understood." }),
    problem: t.exposeString("problem", {
      nullable: true,
      description:
        "What was not understood, or why the body was not kept, for people; null when there is nothing to say.",
    }),
    contentType: t.exposeString("contentType", { nullable: true, description: "Its content type, as sent." }),
    body: t.exposeString("body", {
      description:
        "The raw body. It contains telephone numbers. Empty when a person in it was erased, or when it was not kept.",
      extensions: { cost: { own: 20 } },
    }),
    receipts: t.field({
      type: [ReadReceiptRef],
      description: `The receipts in it, the first ${maxShown}.`,
      extensions: { cost: { multiplier: 5 } },
      resolve: ({ receipts }) => receipts,
    }),
  }),
});

const byNumber: Keyset<ReadCallback, bigint> = {
  keyOf: ({ id }) => id,
  write: String,
  read: (text) => (/^\d{1,18}$/.test(text) ? BigInt(text) : undefined),
};

const ReceiptFilter = builder.inputType("ReceiptFilter", {
  description: "Which callbacks to list. All given conditions must hold.",
  fields: (t) => ({
    providerId: t.id({ description: "From this provider." }),
    state: t.field({ type: [ReceivedCallbackState], description: "In one of these states." }),
    unmatched: t.boolean({
      description:
        "`true`: only those with a receipt that has no message now (its `fate` is PARKED or UNMATCHED). Callbacks from " +
        "before this filter came are not among them.",
    }),
    messageId: t.id({ description: "With a receipt of this message." }),
    received: t.field({ type: DateTimeRange, description: "That came in this range of time." }),
  }),
});

type Filter = typeof ReceiptFilter.$inferInput;

const toRange = (accountId: string, { providerId, messageId, state, unmatched, received }: Filter) => ({
  accountId,
  providerId: providerId == null ? undefined : decodeId("Provider", providerId, "filter.providerId"),
  messageId: messageId == null ? undefined : decodeId("Message", messageId, "filter.messageId"),
  states: state ?? allStates,
  isUnmatched: unmatched === true,
  received: { from: received?.from ?? undefined, until: received?.until ?? undefined },
});

const allStates: readonly CallbackState[] = ["PROCESSED", "QUARANTINED", "UNREAD"];

builder.queryField("receipts", (t) =>
  t.connection(
    {
      type: ReceivedCallback,
      description:
        "The callbacks of providers as they came, newest first, with the receipts read from them and what became of each.",
      authScopes: { ADMIN: true },
      args: { filter: t.arg({ type: ReceiptFilter, description: "Which callbacks." }) },
      resolve: (_root, { filter, ...args }, context) => {
        const wanted = toRange(accountOf(context), filter ?? {});
        return paginate(args, byNumber, ({ after, before, limit, inverted }) =>
          readInbox(context, { ...wanted, below: after, above: before, limit, ascending: inverted }),
        );
      },
    },
    { name: "ReceivedCallbackConnection", description: "A page of callbacks." },
    { name: "ReceivedCallbackEdge", description: "A callback and its position in the list." },
  ),
);

const ReceiptInbox = builder.objectRef<{ quarantined: number; unmatched: number }>("ReceiptInbox").implement({
  description: "What of a provider's callbacks waits to be understood or matched.",
  fields: (t) => ({
    quarantined: t.exposeInt("quarantined", { description: "Callbacks that could not be understood." }),
    quarantineLimit: t.int({
      description: "The most of them that are kept (also 64 MiB); then such callbacks are refused with 503.",
      resolve: () => maxQuarantined.bodies,
    }),
    unmatched: t.exposeInt("unmatched", { description: "Receipts whose message is not known yet." }),
    unmatchedLimit: t.int({
      description:
        "The most of them that are kept; then callbacks with only such receipts are refused with 503.",
      resolve: () => maxParkedOfProvider,
    }),
  }),
});

builder.prismaObjectField(Provider, "receiptInbox", (t) =>
  t.field({
    type: ReceiptInbox,
    description: "What of its callbacks waits to be understood or matched, and how much may.",
    extensions: { cost: { own: 50 } },
    select: { id: true },
    resolve: ({ id }, _args, { database }) =>
      countInbox(database, id, { quarantined: maxQuarantined.bodies, unmatched: maxParkedOfProvider }),
  }),
);

const ReprocessedReceipts = builder
  .objectRef<ReprocessCounts & { hasMore: boolean }>("ReprocessedReceipts")
  .implement({
    description: "What reading quarantined callbacks again brought.",
    isTypeOf: (value) => typeof value === "object" && value !== null && "unreadable" in value,
    fields: (t) => ({
      read: t.exposeInt("read", { description: "Callbacks that were read again." }),
      processed: t.exposeInt("processed", { description: "Those that are understood now." }),
      unreadable: t.exposeInt("unreadable", { description: "Those that stay in quarantine." }),
      applied: t.exposeInt("applied", { description: "Receipts in them that changed their message." }),
      ignored: t.exposeInt("ignored", {
        description: "Receipts that changed nothing; the timeline says why.",
      }),
      parked: t.exposeInt("parked", { description: "Receipts that wait for their message." }),
      hasMore: t.exposeBoolean("hasMore", {
        description: "Whether the call ended before all were read: go on with `after`.",
      }),
      lastNumber: t.string({
        nullable: true,
        description: "The number of the last callback that was read; null when there was none.",
        resolve: ({ last }) => last ?? null,
      }),
    }),
  });

const ReprocessReceiptsResult = builder.errorUnion("ReprocessReceiptsResult", {
  description: "What reading callbacks again brought, or why none was read.",
  types: [ReprocessedReceipts, InvalidInputError, NotFoundError],
});

/** The most callbacks in one call: each is a transaction of its own. */
const maxReprocessed = 500;

builder.mutationField("reprocessReceipts", (t) =>
  t.field({
    type: ReprocessReceiptsResult,
    description:
      `Reads quarantined callbacks again, the oldest first, at most ${maxReprocessed} in a call; after an update that ` +
      "understands them. What is understood is applied as if it came when it came.",
    authScopes: { ADMIN: true },
    args: {
      numbers: t.arg.stringList({ description: "Only these (`ReceivedCallback.number`); absent: all." }),
      providerId: t.arg.id({ description: "Only those of this provider; absent: of all." }),
      after: t.arg.string({ description: "Only those after this number: where the call before ended." }),
    },
    resolve: async (_root, { numbers, providerId, after: given }, context) => {
      const after = String(given == null ? 0n : toNumber(given, "after"));
      const scope = {
        providerIds: await providersOf(context, providerId),
        ids: numbers?.map((one) => toNumber(one, "numbers")),
      };
      if ((numbers?.length ?? 0) > maxReprocessed)
        throw new InvalidInputError("numbers", `Give at most ${maxReprocessed} numbers.`);
      const { database, connections } = context;
      const accountId = accountOf(context);
      const slices = new Slices(accountId);
      const counts = await asLongRequest(accountId, () =>
        reprocessQuarantined({ database, connections, scope, after, slices, limit: maxReprocessed }),
      );
      return { ...counts, hasMore: counts.read === maxReprocessed };
    },
  }),
);

/** @throws NotFoundError */
async function providersOf(context: Context, givenId: string | null | undefined): Promise<string[]> {
  const accountId = accountOf(context);
  const id = givenId == null ? undefined : decodeId("Provider", givenId, "providerId");
  const where = { accountId, ...(id !== undefined && { id }) };
  const rows = await context.database.prisma.provider.findMany({ where, select: { id: true } });
  if (id !== undefined && rows.length === 0) throw new NotFoundError("Provider", id);
  return rows.map((row) => row.id);
}

function toNumber(text: string, field: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new InvalidInputError(
    field,
    `There is no callback ${JSON.stringify(text.slice(0, 50))}. Use \`number\` as \`receipts\` gave it.`,
  );
}
