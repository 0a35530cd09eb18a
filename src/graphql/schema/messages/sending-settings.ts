import { InvalidInputError } from "../../../lib/errors.ts";
import type {
  RegisteredSender as RegisteredSenderShape,
  SendingSettings as Settings,
} from "../../../sending-settings/settings.ts";
import { sendingSettingsOf, setSendingSettings } from "../../../sending-settings/store.ts";
import { accountOf } from "../../context.ts";
import { builder } from "../builder.ts";

const UnreachableNumbers = builder.enumType("UnreachableNumbers", {
  description:
    "What is done with a number of a type that takes no SMS: a landline, or a premium-rate or free-phone number.",
  values: {
    REFUSE: { description: "It is refused." },
    ALLOW: { description: "It is sent to: in some countries landlines read messages aloud." },
  } as const,
});

const SenderRules = builder.enumType("SenderRuleHandling", {
  description: "What is done with a sender ID that breaks a rule of the recipient's country.",
  values: {
    REFUSE: { description: "The message is refused." },
    WARN: { description: "Quotes and dry runs warn of it." },
    ALLOW: { description: "Nothing." },
  } as const,
});

const RegisteredSender = builder.objectRef<RegisteredSenderShape>("RegisteredSender").implement({
  description: "A sender's name that is registered in countries that ask for it.",
  fields: (t) => ({
    sender: t.exposeString("sender", { description: "The name." }),
    countries: t.stringList({
      description: "The countries, ISO 3166-1 alpha-2.",
      resolve: ({ countries }) => [...countries],
    }),
  }),
});

const RegisteredSenderInput = builder.inputType("RegisteredSenderInput", {
  description: "A sender's name that is registered in countries that ask for it.",
  fields: (t) => ({
    sender: t.string({ required: true, description: "The name." }),
    countries: t.stringList({ required: true, description: "The countries, ISO 3166-1 alpha-2." }),
  }),
});

const SendingSettings = builder.objectRef<Settings>("SendingSettings").implement({
  description: "What holds for all that the account sends.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "unreachableNumbers" in value,
  fields: (t) => ({
    defaultCountry: t.exposeString("defaultCountry", {
      nullable: true,
      description:
        "The country of numbers without a country code, ISO 3166-1 alpha-2; null: they are refused.",
    }),
    unreachableNumbers: t.expose("unreachableNumbers", {
      type: UnreachableNumbers,
      description: "What is done with numbers that take no SMS.",
    }),
    senderRules: t.expose("senderRules", {
      type: SenderRules,
      description: "What is done with sender IDs that break a rule of the recipient's country.",
    }),
    registeredSenders: t.field({
      type: [RegisteredSender],
      description: "Names that are registered where that is asked for.",
      resolve: ({ registeredSenders }) => [...registeredSenders],
    }),
  }),
});

const SendingSettingsInput = builder.inputType("SendingSettingsInput", {
  description: "What is to hold for all that the account sends.",
  fields: (t) => ({
    defaultCountry: t.string({
      description:
        "The country of numbers without a country code, ISO 3166-1 alpha-2; absent: none, they are refused.",
    }),
    unreachableNumbers: t.field({ type: UnreachableNumbers, description: "Absent: REFUSE." }),
    senderRules: t.field({ type: SenderRules, description: "Absent: WARN." }),
    registeredSenders: t.field({
      type: [RegisteredSenderInput],
      description: "Names that are registered where that is asked for; absent: none.",
    }),
  }),
});

const SetSendingSettingsResult = builder.errorUnion("SetSendingSettingsResult", {
  description: "The settings, or why they were refused.",
  types: [SendingSettings, InvalidInputError],
});

builder.queryField("sendingSettings", (t) =>
  t.field({
    type: SendingSettings,
    description: "What holds for all that the account sends.",
    authScopes: { READ: true },
    resolve: (_root, _args, context) => sendingSettingsOf(context.database, accountOf(context)),
  }),
);

builder.mutationField("setSendingSettings", (t) =>
  t.field({
    type: SetSendingSettingsResult,
    description: "Replaces what holds for all that the account sends.",
    authScopes: { ADMIN: true },
    args: { input: t.arg({ type: SendingSettingsInput, required: true, description: "The settings." }) },
    resolve: (_root, { input }, context) => setSendingSettings(context, accountOf(context), input),
  }),
);
