import type { InputFieldBuilder } from "@pothos/core";
import { InvalidInputError } from "../../../lib/errors.ts";
import type { ProviderKind } from "../../../providers/registry.ts";
import { builder } from "../builder.ts";

type SchemaTypes = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never;
type InputFields = InputFieldBuilder<SchemaTypes, "InputObject">;

const WireFormat = builder.enumType("WireFormat", {
  description: "In which format we talk to a provider that has two.",
  values: { JSON: { description: "JSON." }, XML: { description: "XML." } },
});

const TonkraApi = builder.enumType("TonkraApi", {
  description: "Which of Tonkra's two APIs to use. They do the same.",
  values: {
    HTTP: { description: "The documented one: the token goes into the body." },
    V3: { description: "The newer one: the token goes into a header." },
  },
});

/** What can be said of any provider's account. */
const commonFields = (t: InputFields) => ({
  priority: t.int({ description: "The lower is preferred; absent: 100." }),
  maxPerSecond: t.float({
    description: "Submissions per second at most, over all workers; absent: no limit.",
  }),
  maxConcurrent: t.int({ description: "Submissions in flight at most, over all workers; absent: no limit." }),
  timeZone: t.string({
    description: "IANA zone in which its zone-less times are read; absent: the provider's.",
  }),
  defaultSender: t.string({ description: "The sender of messages that name none." }),
  lowBalance: t.field({
    type: "Decimal",
    description: "A balance below this is low, in money or units as the provider counts; absent: none is.",
  }),
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
      description: "Log in once and use a session, instead of sending the key each time.",
    }),
    preferRcs: t.boolean({
      description:
        "Send to Slovak mobile numbers as RCS first, and as SMS where the phone has none; absent: SMS.",
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
        "Whether a submission without an answer is sent once more under its message id, to learn what became of " +
        "it; absent: true.",
    }),
    logs: t.boolean({
      description:
        "Whether messages are looked up in the platform's logs, which not every account has; absent: false.",
    }),
    ...commonFields(t),
  }),
});

export const ConnectProviderInput = builder.inputType("ConnectProviderInput", {
  description: "The account to connect: exactly one of the fields.",
  isOneOf: true,
  fields: (t) => ({
    tikosms: t.field({ type: TikosmsConnectionInput, description: "A TikoSMS account." }),
    tonkra: t.field({ type: TonkraConnectionInput, description: "A Tonkra account." }),
    telekom: t.field({ type: TelekomConnectionInput, description: "A Telekom SK account." }),
    qikli: t.field({ type: QikliConnectionInput, description: "A Qikli account." }),
  }),
});

/** The kind that was chosen, and what was said of it. The name of a field is the kind in lower case. */
export function chosenConnection(input: typeof ConnectProviderInput.$inferInput) {
  const { tikosms, tonkra, telekom, qikli } = input;
  if (tikosms) return { kind: "TIKOSMS" satisfies ProviderKind, connection: tikosms } as const;
  if (tonkra) return { kind: "TONKRA" satisfies ProviderKind, connection: tonkra } as const;
  if (telekom) return { kind: "TELEKOM" satisfies ProviderKind, connection: telekom } as const;
  if (qikli) return { kind: "QIKLI" satisfies ProviderKind, connection: qikli } as const;
  throw new InvalidInputError("input", "Say which provider to connect.");
}

export const UpdateProviderInput = builder.inputType("UpdateProviderInput", {
  description: "What to change of a connected provider; what is absent stays.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the provider." }),
    name: t.string({ description: "Your name for it." }),
    enabled: t.boolean({
      description: "Whether messages are sent through it; a disabled one keeps them queued.",
    }),
    priority: t.int({ description: "The lower is preferred." }),
    maxPerSecond: t.float({ description: "Submissions per second at most; null removes the limit." }),
    maxConcurrent: t.int({ description: "Submissions in flight at most; null removes the limit." }),
    defaultSender: t.string({ description: "The sender of messages that name none; null removes it." }),
    lowBalance: t.field({
      type: "Decimal",
      description: "A balance below this is low, in money or units as the provider counts; null removes it.",
    }),
    timeZone: t.string({ description: "IANA zone in which its zone-less times are read." }),
    baseUrl: t.string({ description: "Where its API is." }),
    apiToken: t.string({ description: "A new API token, for providers that have one by that name." }),
    token: t.string({ description: "A new API key, for providers that call it token." }),
    username: t.string({ description: "Another user name, for providers that have one." }),
    password: t.string({ description: "A new password, for providers that have one." }),
    api: t.field({ type: TonkraApi, description: "Which API to use, for providers that have two." }),
    format: t.field({ type: WireFormat, description: "Which format to use, for providers that have two." }),
    useSession: t.boolean({ description: "Whether to log in once, for providers that have sessions." }),
    preferRcs: t.boolean({ description: "Whether to send as RCS first, for providers that have it." }),
    resend: t.boolean({
      description: "Whether to ask by sending again, for providers that take each message id once.",
    }),
    logs: t.boolean({
      description: "Whether to look messages up in logs, for providers that may have them.",
    }),
  }),
});
