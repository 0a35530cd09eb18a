import type { Connection } from "../../connections/connections.ts";

/** The features that a message needs from its provider. */
export interface Requirements {
  segments: number;
  encoding: "GSM7" | "UCS2";
  flash?: boolean | undefined;
  /** The caller asked for UCS-2 although GSM-7 would do. */
  forcesUnicode?: boolean | undefined;
  validityMinutes?: number | null | undefined;
  cadenceGroupId?: string | null | undefined;
  dltTemplateId?: string | null | undefined;
}

/** Why a provider cannot carry a message, with the data for the caller's error. */
export type UnmetRequirement = { reason: string } & (
  | { code: "UNSUPPORTED_FEATURE"; feature: string }
  | { code: "TEXT_TOO_LONG"; segments: number; maxSegments: number }
  | { code: "INVALID_VALIDITY" }
  | { code: "SENDER_NOT_ALLOWED"; sender: string | null }
);

export const featureAdvice = "Leave it out, or choose another provider.";

/** Where a provider has no validity period, we hold it: what is not submitted by then expires. At most three days. */
const longestHeldMinutes = 3 * 24 * 60;

/** Undefined when the provider supports everything needed. Does not check the sender. */
export function unmetRequirement(
  { adapter, row }: Connection,
  requirements: Requirements,
): UnmetRequirement | undefined {
  const { capabilities } = adapter;
  const feature = missingFeature(capabilities, requirements);
  if (feature !== undefined) {
    const reason = `${row.name} cannot do what \`${feature}\` asks for. ${featureAdvice}`;
    return { code: "UNSUPPORTED_FEATURE", feature, reason };
  }
  const { maxSegments, longestValidityMinutes } = capabilities;
  const { segments, encoding, validityMinutes } = requirements;
  if (segments > maxSegments) {
    const reason = `The text needs ${segments} segments in ${encoding}; ${row.name} takes at most ${maxSegments}. Shorten it.`;
    return { code: "TEXT_TOO_LONG", segments, maxSegments, reason };
  }
  const longest = longestValidityMinutes ?? longestHeldMinutes;
  if (validityMinutes == null || (validityMinutes >= 1 && validityMinutes <= longest)) return undefined;
  return {
    code: "INVALID_VALIDITY",
    reason: `validityMinutes must be 1 to ${longest} with ${row.name}.`,
  };
}

/** What of each requirement `unmetRequirement` depends on. */
const decisive = {
  segments: ({ segments }, always) => (segments > always ? segments : 0),
  // Named in the reason when the text is too long.
  encoding: ({ segments, encoding }, always) => (segments > always ? encoding : ""),
  flash: ({ flash }) => flash === true,
  forcesUnicode: ({ forcesUnicode }) => forcesUnicode === true,
  validityMinutes: ({ validityMinutes }) => validityMinutes ?? "",
  cadenceGroupId: ({ cadenceGroupId }) => cadenceGroupId != null,
  dltTemplateId: ({ dltTemplateId }) => dltTemplateId != null,
} satisfies Record<
  keyof Requirements,
  (requirements: Requirements, alwaysFits: number) => string | number | boolean
>;

const decisiveParts = Object.values(decisive);

/**
 * Requirements with the same key are met by the same providers, for the same reasons.
 * @param alwaysFits so many segments are within every provider's limit
 */
export const requirementsKey = (requirements: Requirements, alwaysFits: number): string =>
  decisiveParts.map((part) => part(requirements, alwaysFits)).join(" ");

/** The input field that asks for a feature the provider lacks. */
function missingFeature(
  capabilities: Connection["adapter"]["capabilities"],
  { flash, forcesUnicode, cadenceGroupId, dltTemplateId }: Requirements,
): string | undefined {
  if (flash === true && !capabilities.flash) return "flash";
  if (cadenceGroupId != null && !capabilities.cadenceGroups) return "cadenceGroupId";
  if (dltTemplateId != null && !capabilities.dltTemplates) return "dltTemplateId";
  if (forcesUnicode === true && !capabilities.unicodeControl) return "encoding";
  return undefined;
}

/** The sender ID that the provider would show, or why it cannot be used. */
export function senderOf(
  { adapter, row }: Connection,
  requested: string | null | undefined,
  text: string,
): { sender: string } | { problem: UnmetRequirement } {
  const sender = requested ?? row.defaultSender;
  if (sender == null) {
    const reason = `\`from\` is missing, and ${row.name} has no default sender. Give one, or set it with \`updateProvider\`.`;
    return { problem: { code: "SENDER_NOT_ALLOWED", sender: null, reason } };
  }
  const problem = adapter.senderProblem(sender, text);
  if (problem === undefined) return { sender };
  const reason = `${row.name} does not take this sender: ${problem}`;
  return { problem: { code: "SENDER_NOT_ALLOWED", sender, reason } };
}
