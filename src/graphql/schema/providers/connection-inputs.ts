import type { InputFieldBuilder } from "@pothos/core";
import { maxAddresses } from "../../../lib/allowed-addresses.ts";
import { InvalidInputError } from "../../../lib/errors.ts";
import type { ProviderKind } from "../../../providers/registry.ts";
import { builder } from "../builder.ts";

type SchemaTypes = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never;
type InputFields = InputFieldBuilder<SchemaTypes, "InputObject">;

const WireFormat = builder.enumType("WireFormat", {
  description: "The data format for a provider that supports two.",
  values: { JSON: { description: "JSON." }, XML: { description: "XML." } },
});

const TonkraApi = builder.enumType("TonkraApi", {
  description: "Which of Tonkra's two equivalent APIs to use.",
  values: {
    HTTP: { description: "The documented API: the token is in the request body." },
    V3: { description: "The newer API: the token is in a header." },
  },
});

const callbackAddresses =
  `Addresses and networks such as 203.0.113.0/24, at most ${maxAddresses}, from which its callbacks are taken; others get 403. Behind ` +
  "proxies, see `TRUST_PROXY`.";

/** Settings of every provider's account. */
const commonFields = (t: InputFields) => ({
  priority: t.int({ description: "A lower number is preferred; absent: 100." }),
  maxPerSecond: t.float({
    description: "The most submissions per second, over all workers; absent: no limit.",
  }),
  maxConcurrent: t.int({
    description: "The most submissions at the same time, over all workers; absent: no limit.",
  }),
  timeZone: t.string({
    description: "IANA time zone of its times that have no offset; absent: the provider's own.",
  }),
  defaultSender: t.string({ description: "The sender of messages without one." }),
  lowBalance: t.field({
    type: "Decimal",
    description: "The balance is low below this threshold, in the provider's money or units; absent: never.",
  }),
  callbackAddresses: t.stringList({ description: `${callbackAddresses} Absent: from everywhere.` }),
});

const name = (t: InputFields) =>
  t.string({ required: true, description: "Your name for it, 1 to 100 characters." });

const secret = (t: InputFields, what: string) =>
  t.string({ required: true, description: `${what} Stored encrypted, never shown.` });

const baseUrl = (t: InputFields, documented: string) =>
  t.string({ description: `Absent: the documented ${documented}. A path is used exactly as given.` });

const TikosmsConnectionInput = builder.inputType("TikosmsConnectionInput", {
  description: "A TikoSMS account.",
  fields: (t) => ({
    name: name(t),
    apiToken: secret(t, "API token from the TikoSMS profile."),
    baseUrl: baseUrl(t, "https://api.tikosms.com"),
    ...commonFields(t),
  }),
});

const TonkraConnectionInput = builder.inputType("TonkraConnectionInput", {
  description: "A Tonkra account.",
  fields: (t) => ({
    name: name(t),
    apiToken: secret(t, "API token from the Developers page."),
    baseUrl: baseUrl(t, "https://sms.tonkra.com"),
    api: t.field({ type: TonkraApi, description: "Which API to use; absent: HTTP." }),
    ...commonFields(t),
  }),
});

const TelekomConnectionInput = builder.inputType("TelekomConnectionInput", {
  description: "A Telekom SK account (smsapi v1).",
  fields: (t) => ({
    name: name(t),
    token: secret(t, "API key, 64 characters."),
    baseUrl: baseUrl(t, "https://smsapi.telekom.sk"),
    format: t.field({ type: WireFormat, description: "Absent: JSON." }),
    useSession: t.boolean({
      description: "Log in once and use a session instead of sending the key each time.",
    }),
    preferRcs: t.boolean({
      description:
        "Send RCS to Slovak mobile numbers, with SMS as fallback for phones without RCS; absent: SMS only.",
    }),
    ...commonFields(t),
  }),
});

const QikliConnectionInput = builder.inputType("QikliConnectionInput", {
  description: "A Qikli account.",
  fields: (t) => ({
    name: name(t),
    username: t.string({ required: true, description: "User name." }),
    password: secret(t, "Password."),
    baseUrl: baseUrl(t, "https://api.sms.qikli.com"),
    format: t.field({ type: WireFormat, description: "Absent: JSON." }),
    resend: t.boolean({
      description:
        "Whether a submission without an answer is repeated once with the same message id, to learn what became of " +
        "it; absent: true.",
    }),
    logs: t.boolean({
      description:
        "Whether to look up messages in the platform's logs, which not every account has; absent: false.",
    }),
    ...commonFields(t),
  }),
});

export const ConnectProviderInput = builder.inputType("ConnectProviderInput", {
  description: "The account to connect: set exactly one field.",
  isOneOf: true,
  fields: (t) => ({
    tikosms: t.field({ type: TikosmsConnectionInput, description: "A TikoSMS account." }),
    tonkra: t.field({ type: TonkraConnectionInput, description: "A Tonkra account." }),
    telekom: t.field({ type: TelekomConnectionInput, description: "A Telekom SK account." }),
    qikli: t.field({ type: QikliConnectionInput, description: "A Qikli account." }),
  }),
});

/** The chosen kind of provider and its settings. The field name is the kind in lower case. */
export function chosenConnection(input: typeof ConnectProviderInput.$inferInput) {
  const { tikosms, tonkra, telekom, qikli } = input;
  if (tikosms) return { kind: "TIKOSMS" satisfies ProviderKind, connection: tikosms } as const;
  if (tonkra) return { kind: "TONKRA" satisfies ProviderKind, connection: tonkra } as const;
  if (telekom) return { kind: "TELEKOM" satisfies ProviderKind, connection: telekom } as const;
  if (qikli) return { kind: "QIKLI" satisfies ProviderKind, connection: qikli } as const;
  throw new InvalidInputError("input", "Set exactly one provider field: tikosms, tonkra, telekom or qikli.");
}

export const UpdateProviderInput = builder.inputType("UpdateProviderInput", {
  description: "Changes to a connected provider. Absent fields stay as they are.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the provider." }),
    name: t.string({ description: "Your name for it." }),
    enabled: t.boolean({
      description: "Whether messages are sent through it. A disabled provider keeps its messages queued.",
    }),
    priority: t.int({ description: "A lower number is preferred." }),
    maxPerSecond: t.float({ description: "The most submissions per second; null removes the limit." }),
    maxConcurrent: t.int({ description: "The most submissions at the same time; null removes the limit." }),
    defaultSender: t.string({ description: "The sender of messages without one; null removes it." }),
    lowBalance: t.field({
      type: "Decimal",
      description:
        "The balance is low below this threshold, in the provider's money or units; null removes it.",
    }),
    callbackAddresses: t.stringList({
      description: `${callbackAddresses} They replace the earlier ones; none: from everywhere.`,
    }),
    timeZone: t.string({ description: "IANA time zone of its times that have no offset." }),
    baseUrl: t.string({ description: "Address of its API." }),
    apiToken: t.string({ description: "A new API token, for providers that use `apiToken`." }),
    token: t.string({ description: "A new API key, for providers that use `token`." }),
    username: t.string({ description: "A new user name, for providers that use one." }),
    password: t.string({ description: "A new password, for providers that use one." }),
    api: t.field({ type: TonkraApi, description: "Which API to use, for providers that have two." }),
    format: t.field({ type: WireFormat, description: "Which format to use, for providers that have two." }),
    useSession: t.boolean({ description: "Whether to log in once, for providers that have sessions." }),
    preferRcs: t.boolean({ description: "Whether to send as RCS first, for providers that have it." }),
    resend: t.boolean({
      description:
        "Whether to learn an outcome by sending again, for providers that accept each message id once.",
    }),
    logs: t.boolean({
      description: "Whether to look up messages in logs, for providers that have logs.",
    }),
  }),
});
