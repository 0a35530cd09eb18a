import type { ProviderKind } from "../../gql/graphql.ts";
import { listIn } from "../../ui/words.ts";

/** A field of the form for one kind of provider, as its input in the API has it. */
export interface KindField {
  name: string;
  label: string;
  type?: "password" | "boolean" | "number" | "list";
  options?: readonly (readonly [string, string])[];
  required?: boolean;
  hint?: string;
}

export interface Kind {
  /** As the API names it. */
  kind: ProviderKind;
  /** Field of `ConnectProviderInput`. */
  input: "qikli" | "telekom" | "tikosms" | "tonkra";
  title: string;
  /** How its API is reached: they are not shown again, and can be replaced. */
  connection: readonly KindField[];
}

const formats = {
  name: "format",
  label: "Format",
  options: [
    ["JSON", "JSON"],
    ["XML", "XML"],
  ],
} as const;

const yesOrNo = (name: string, label: string, isUsual: boolean): KindField => ({
  name,
  label,
  type: "boolean",
  options: isUsual
    ? [
        ["true", "Yes"],
        ["false", "No"],
      ]
    : [
        ["false", "No"],
        ["true", "Yes"],
      ],
});

const place: readonly KindField[] = [
  { name: "baseUrl", label: "Address of its API", hint: "Empty: as its documents have it." },
  { name: "timeZone", label: "Time zone of its times", hint: "Empty: the provider's own." },
];

/** What every provider has besides. */
export const settings: readonly KindField[] = [
  { name: "defaultSender", label: "Default sender", hint: "For messages without one." },
  { name: "maxPerSecond", label: "Most per second", type: "number", hint: "Empty: no limit." },
  { name: "maxConcurrent", label: "Most at the same time", type: "number", hint: "Empty: no limit." },
  { name: "lowBalance", label: "Low balance below", hint: "Empty: never low." },
  { name: "priority", label: "Priority", type: "number", hint: "A lower number is preferred; empty: 100." },
  {
    name: "callbackAddresses",
    label: "Callbacks only from",
    type: "list",
    hint: "Addresses and networks, separated by commas. Empty: everywhere.",
  },
];

const token = { name: "apiToken", label: "API token", type: "password", required: true } as const;

export const kinds: readonly Kind[] = [
  { kind: "TIKOSMS", input: "tikosms", title: "TikoSMS", connection: [token, ...place] },
  {
    kind: "TONKRA",
    input: "tonkra",
    title: "Tonkra",
    connection: [
      token,
      {
        name: "api",
        label: "API",
        options: [
          ["HTTP", "The documented one"],
          ["V3", "The newer one"],
        ],
      },
      ...place,
    ],
  },
  {
    kind: "TELEKOM",
    input: "telekom",
    title: "Telekom SK",
    connection: [
      { name: "token", label: "API key", type: "password", required: true },
      formats,
      yesOrNo("useSession", "Log in once, and use a session", false),
      yesOrNo("preferRcs", "RCS first, with SMS as fallback", false),
      ...place,
    ],
  },
  {
    kind: "QIKLI",
    input: "qikli",
    title: "Qikli",
    connection: [
      { name: "username", label: "User name", required: true },
      { name: "password", label: "Password", type: "password", required: true },
      formats,
      yesOrNo("resend", "Learn unknown outcomes by sending again", true),
      yesOrNo("logs", "Look up messages in the platform's logs", false),
      ...place,
    ],
  },
];

type Value = string | number | boolean | string[];

/** The texts of a form as the API takes them; what is empty is absent. */
export function toFields(
  fields: readonly KindField[],
  texts: Readonly<Record<string, string>>,
): Record<string, Value> {
  return Object.fromEntries(
    fields.flatMap(({ name, type }) => {
      const text = texts[name];
      return text === undefined ? [] : [[name, valueOf(type, text)] as const];
    }),
  );
}

function valueOf(type: KindField["type"], text: string): Value {
  switch (type) {
    case "boolean":
      return text === "true";
    case "number":
      return Number(text);
    case "list":
      return listIn(text) ?? [];
    default:
      return text;
  }
}
