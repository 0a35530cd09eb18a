import {
  CountryNotAllowedError,
  KeyRestrictedError,
  IdempotencyConflictError,
  InvalidInputError,
  InvalidPhoneNumberError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  NoRouteError,
  NotFoundError,
  OutcomeNotOpenError,
  SpendingCapError,
  UnsupportedFeatureError,
} from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { openOutcomes, settleMessage, settleMessages } from "../../../messages/changes/settle.ts";
import { givenUp, resendMessage, resendMessages } from "../../../messages/dispatch/resend.ts";
import { listMessages } from "../../../messages/log/message-lists.ts";
import type { MessageStatus } from "../../../messages/model/status.ts";
import { builder } from "../builder.ts";
import { accountOf, type Context } from "../../context.ts";
import { Message } from "./message.ts";

const SettlementEnum = builder.enumType("Settlement", {
  description: "What a person says became of a message whose outcome is not known.",
  values: {
    DELIVERED: { description: "It arrived." },
    UNDELIVERED: { description: "It did not arrive." },
    FAILED: { description: "The provider never had it." },
    UNKNOWN: { description: "Nobody will know: the provider is asked no more, and it may be sent again." },
  } as const,
});

const SettleMessageResult = builder.errorUnion("SettleMessageResult", {
  description: "The settled message, or why it was not settled.",
  types: [Message, InvalidInputError, NotFoundError, OutcomeNotOpenError],
});

const ResendMessageResult = builder.errorUnion("ResendMessageResult", {
  description: "The new message, or why it was not sent.",
  types: [
    Message,
    InvalidPhoneNumberError,
    InvalidTextError,
    InvalidSenderError,
    InvalidScheduleError,
    InvalidInputError,
    NotFoundError,
    NoRouteError,
    CountryNotAllowedError,
    KeyRestrictedError,
    SpendingCapError,
    UnsupportedFeatureError,
    IdempotencyConflictError,
    OutcomeNotOpenError,
  ],
});

interface Handled {
  handled: number;
  refused: number;
  hasMore: boolean;
}

const HandledMessages = builder.objectRef<Handled>("HandledMessages").implement({
  description: "How many messages a call settled or sent again.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "handled" in value,
  fields: (t) => ({
    handled: t.exposeInt("handled", { description: "Those that were settled, or sent again." }),
    refused: t.exposeInt("refused", {
      description: "Those that could not be sent again, for example since no route takes them now.",
    }),
    hasMore: t.exposeBoolean("hasMore", { description: "Whether there are more: call again." }),
  }),
});

const HandleMessagesResult = builder.errorUnion("HandleMessagesResult", {
  description: "How many messages were handled, or why none was.",
  types: [HandledMessages, InvalidInputError, NotFoundError],
});

const maxReason = 500;
/** The most messages in one call. */
const maxHandled = 500;

const reasonArgument = {
  required: true,
  description: `Why, 1 to ${maxReason} characters. The timeline shows it with the name of the key.`,
} as const;

/** Who decides, and why. */
function byHand({ viewer }: Context, given: string): { reason: string; by: string } {
  const reason = requireStorable(given.trim(), "reason");
  if (reason === "" || reason.length > maxReason)
    throw new InvalidInputError("reason", `Give a reason of 1 to ${maxReason} characters.`);
  return { reason, by: viewer?.keyName ?? "" };
}

const resendingOf = ({ database, clock, sender, viewer }: Context) => ({
  database,
  clock,
  sender,
  within: viewer?.restrictions,
});

async function stored({ database }: Context, id: string) {
  return Message.addBrand(await database.prisma.message.findUniqueOrThrow({ where: { id } }));
}

/** The next messages of a campaign in these statuses, and whether there are more. @throws NotFoundError */
async function nextOf(
  { database, ...context }: Context,
  campaignId: string,
  statuses: readonly MessageStatus[],
): Promise<{ ids: string[]; hasMore: boolean }> {
  const accountId = accountOf(context);
  const owned = await database.prisma.campaign.count({ where: { id: campaignId, accountId } });
  if (owned === 0) throw new NotFoundError("Campaign", campaignId);
  const owner = { kind: "campaign", id: campaignId } as const;
  const ids = await listMessages(database, owner, { statuses, limit: maxHandled + 1, ascending: true });
  return { ids: ids.slice(0, maxHandled), hasMore: ids.length > maxHandled };
}

const campaignArgument = { required: true, description: "Global id of the campaign." } as const;

builder.mutationFields((t) => ({
  settleMessage: t.field({
    type: SettleMessageResult,
    description:
      "Says what became of a message whose outcome is not known (OUTCOME_UNKNOWN or UNKNOWN), by hand. A later receipt stays " +
      "in the timeline and changes nothing. Settling twice as the same is fine.",
    authScopes: { ADMIN: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the message." }),
      as: t.arg({ type: SettlementEnum, required: true, description: "What became of it." }),
      reason: t.arg.string(reasonArgument),
    },
    resolve: async (_root, { id, as, reason }, context) => {
      const messageId = decodeId("Message", id);
      await settleMessage(context, accountOf(context), messageId, { as, ...byHand(context, reason) });
      return stored(context, messageId);
    },
  }),
  settleMessages: t.field({
    type: HandleMessagesResult,
    description: `The same for the messages of a campaign whose outcome is not known, ${maxHandled} in a call.`,
    authScopes: { ADMIN: true },
    args: {
      campaignId: t.arg.id(campaignArgument),
      as: t.arg({ type: SettlementEnum, required: true, description: "What became of them." }),
      reason: t.arg.string(reasonArgument),
    },
    resolve: async (_root, { campaignId, as, reason }, context) => {
      const decision = { as, ...byHand(context, reason) };
      const statuses = as === "UNKNOWN" ? (["OUTCOME_UNKNOWN"] as const) : openOutcomes;
      const campaign = decodeId("Campaign", campaignId, "campaignId");
      const { ids, hasMore } = await nextOf(context, campaign, statuses);
      const settled = await settleMessages(context, ids, decision, {
        accountId: accountOf(context),
        action: "MESSAGES_SETTLED",
        campaignId: campaign,
      });
      return { handled: settled.length, refused: 0, hasMore };
    },
  }),
  resendMessage: t.field({
    type: ResendMessageResult,
    description:
      "Sends a message again that was given up (UNKNOWN), as a new message with all checks of a first one. Nobody knows " +
      "whether the provider had the old one: the recipient may get both. The old one becomes FAILED, its timeline says why.",
    authScopes: { SEND: true },
    args: {
      id: t.arg.id({ required: true, description: "Global id of the message that was given up." }),
      reason: t.arg.string(reasonArgument),
    },
    resolve: async (_root, { id, reason }, context) => {
      const decision = byHand(context, reason);
      const messageId = decodeId("Message", id);
      return stored(
        context,
        await resendMessage(resendingOf(context), accountOf(context), messageId, decision),
      );
    },
  }),
  resendMessages: t.field({
    type: HandleMessagesResult,
    description:
      `The same for all messages of a campaign that were given up, ${maxHandled} in a call. The new messages do not belong to ` +
      "the campaign.",
    authScopes: { SEND: true },
    args: { campaignId: t.arg.id(campaignArgument), reason: t.arg.string(reasonArgument) },
    resolve: async (_root, { campaignId, reason }, context) => {
      const decision = byHand(context, reason);
      const campaign = decodeId("Campaign", campaignId, "campaignId");
      const { ids, hasMore } = await nextOf(context, campaign, [givenUp]);
      const results = await resendMessages(resendingOf(context), accountOf(context), ids, decision, campaign);
      const handled = results.filter(({ kind }) => kind === "resent").length;
      const refused = results.filter(({ kind }) => kind === "refused").length;
      return { handled, refused, hasMore: hasMore && handled > 0 };
    },
  }),
}));
