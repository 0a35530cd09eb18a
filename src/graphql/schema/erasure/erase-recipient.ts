import { eraseRecipient } from "../../../erasure/erase-recipient.ts";
import type { Erasure } from "../../../erasure/erasure.ts";
import { InvalidInputError, InvalidPhoneNumberError } from "../../../lib/errors.ts";
import { asLongRequest } from "../../../lib/places.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";

const ErasedRecipient = builder.objectRef<Erasure>("ErasedRecipient").implement({
  description:
    "What was taken away of a person. Messages stay without text and number, with their counts and costs.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "refusedRecipients" in value,
  fields: (t) => ({
    messages: t.exposeInt("messages", { description: "Messages to and from the person." }),
    cancelled: t.exposeInt("cancelled", {
      description: "Those of them that waited to be sent: they are CANCELLED.",
    }),
    callbacks: t.exposeInt("callbacks", { description: "Raw callbacks, which were deleted." }),
    refusedRecipients: t.exposeInt("refusedRecipients", {
      description: "Rows of campaigns that were refused with this number.",
    }),
    suppressions: t.exposeInt("suppressions", {
      description: "Entries on the list of numbers that are not to be texted.",
    }),
  }),
});

const EraseRecipientResult = builder.errorUnion("EraseRecipientResult", {
  description: "What was erased, or why nothing was.",
  types: [ErasedRecipient, InvalidPhoneNumberError, InvalidInputError],
});

builder.mutationField("eraseRecipient", (t) =>
  t.field({
    type: EraseRecipientResult,
    description:
      "Takes everything away by which a person can be known: the number, the texts, client's references, what was written about " +
      "the messages, and raw callbacks, in every list, log and export. Messages that wait become CANCELLED, as does one that its " +
      "provider does not take. It cannot be undone; repeating it is fine.",
    authScopes: { ADMIN: true },
    args: {
      number: t.arg.string({ required: true, description: "The number of the person, in any spelling." }),
      keepSuppressions: t.arg.boolean({
        required: true,
        defaultValue: false,
        description:
          "Leave the number on the list of those that are not to be texted, if it is there, so that the person is not texted again.",
      }),
    },
    resolve: (_root, args, context) => {
      const accountId = accountOf(context);
      return asLongRequest(accountId, () => eraseRecipient(context, accountId, args));
    },
  }),
);
