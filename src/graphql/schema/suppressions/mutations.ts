import { InvalidInputError, InvalidPhoneNumberError } from "../../../lib/errors.ts";
import {
  importSuppressions,
  maxNumbers,
  shownRefusals,
  type ImportedSuppressions as Imported,
} from "../../../suppressions/import.ts";
import { suppressNumber, unsuppressNumber } from "../../../suppressions/suppressions.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";
import { RefusedRecipient } from "../campaigns/refused-recipients.ts";
import { Suppression } from "./suppression.ts";

const senderArgument = "The sender ID that is not to text it; absent: no sender of the account may.";

const SuppressNumberResult = builder.errorUnion("SuppressNumberResult", {
  description: "The entry on the list, or why there is none.",
  types: [Suppression, InvalidPhoneNumberError, InvalidInputError],
});

const UnsuppressedNumber = builder
  .objectRef<{ number: string; removed: number }>("UnsuppressedNumber")
  .implement({
    description: "A number that was taken off the list.",
    isTypeOf: (value) => typeof value === "object" && value !== null && "removed" in value,
    fields: (t) => ({
      number: t.exposeString("number", { description: "The number in E.164." }),
      removed: t.exposeInt("removed", {
        description: "How many entries it had; 0 when it was not on the list.",
      }),
    }),
  });

const UnsuppressNumberResult = builder.errorUnion("UnsuppressNumberResult", {
  description: "What was taken off the list, or why nothing was.",
  types: [UnsuppressedNumber, InvalidPhoneNumberError, InvalidInputError],
});

const ImportedSuppressions = builder.objectRef<Imported>("ImportedSuppressions").implement({
  description: "What the import of a file came to.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "added" in value,
  fields: (t) => ({
    added: t.exposeInt("added", { description: "How many entries are new." }),
    known: t.exposeInt("known", { description: "How many rows name an entry that was on the list before." }),
    refusedCount: t.exposeInt("refusedCount", { description: "How many rows could not be read." }),
    refused: t.expose("refused", {
      type: [RefusedRecipient],
      description: `The first ${shownRefusals} rows that could not be read.`,
    }),
  }),
});

const ImportSuppressionsInput = builder.inputType("ImportSuppressionsInput", {
  description: "Numbers that are not to be texted.",
  fields: (t) => ({
    numbers: t.stringList({
      description: `1 to ${maxNumbers} numbers. Exactly one of \`numbers\` and \`file\`.`,
    }),
    file: t.field({
      type: "Upload",
      description:
        "A CSV file. Its header names a column `number` (or `to`), and may name `sender` and `reason`; a file of one number a " +
        "line needs no header.",
    }),
    sender: t.string({ description: `For rows without a sender of their own. ${senderArgument}` }),
    reason: t.string({ description: "For rows without a reason of their own." }),
  }),
});

const ImportSuppressionsResult = builder.errorUnion("ImportSuppressionsResult", {
  description: "What was imported, or why the file could not be read.",
  types: [ImportedSuppressions, InvalidInputError],
});

builder.mutationFields((t) => ({
  suppressNumber: t.field({
    type: SuppressNumberResult,
    description:
      "Puts a number on the list of those that are not to be texted: messages to it are refused from now on, and those " +
      "that are not submitted yet become CANCELLED. Repeating it is fine.",
    authScopes: { SEND: true },
    args: {
      number: t.arg.string({ required: true, description: "The number, in any spelling." }),
      sender: t.arg.string({ description: senderArgument }),
      reason: t.arg.string({ description: "Why, in your words." }),
    },
    resolve: (_root, args, context) => suppressNumber(context, accountOf(context), args),
  }),
  unsuppressNumber: t.field({
    type: UnsuppressNumberResult,
    description: "Takes a number off the list, so that it may be texted again. Taking it off twice is fine.",
    authScopes: { SEND: true },
    args: {
      number: t.arg.string({ required: true, description: "The number, in any spelling." }),
      sender: t.arg.string({
        description: "Only the entry for this sender ID; absent: all entries of the number.",
      }),
    },
    resolve: (_root, args, context) => unsuppressNumber(context, accountOf(context), args),
  }),
  importSuppressions: t.field({
    type: ImportSuppressionsResult,
    description:
      "Puts many numbers on the list. Those that cannot be read are left out and listed. Repeating it is fine.",
    authScopes: { SEND: true },
    args: {
      input: t.arg({ type: ImportSuppressionsInput, required: true, description: "The numbers." }),
    },
    resolve: (_root, { input }, context) => importSuppressions(context, accountOf(context), input),
  }),
}));
