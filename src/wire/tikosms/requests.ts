import { z } from "zod";
import { hasAtMost } from "../characters.ts";

/** What the vendor requires of each request, and the errors of its framework (Laravel). */

const filledText = z.string().min(1);

/** The documentation counts characters, not UTF-16 units. */
const requiredText = (maxCharacters: number) =>
  filledText.refine((text) => hasAtMost(text, maxCharacters), {
    error: ({ path = [] }) => tooLong(path, maxCharacters),
  });

/** Laravel turns empty strings into null before validation. */
const optionalText = z
  .string()
  .nullish()
  .transform((text) => text || null);

export const singleRequest = z.object({
  from: requiredText(15),
  message: requiredText(160),
  to: filledText,
  callback_url: optionalText,
  client_ref: optionalText,
});

const recipient = z.object({ to: filledText, client_ref: optionalText, callback_url: optionalText });

export const bulkRequest = z.object({
  from: requiredText(16),
  // The documentation has no limit. This is the network's: 255 parts of 153 characters.
  message: requiredText(255 * 153),
  // The OpenAPI file says strings; its text and example say objects.
  // Counted before each is looked at.
  recipients: z.array(z.unknown()).min(1).max(100_000).pipe(z.array(recipient)),
  callback_url: optionalText,
  scheduled_at: z
    .string()
    .nullish()
    .transform((text) => (text ? parseScheduledAt(text) : null))
    .refine((time) => time === null || !Number.isNaN(time), {
      error: ({ path = [] }) => `The ${path.join(".")} field must be a valid date.`,
    }),
  concurrency: z.int().min(1).max(100).nullish(),
});

const lookupId = optionalText.refine((id) => id === null || id.length <= 255, {
  error: ({ path = [] }) => tooLong(path, 255),
});

export const messageQuery = z.object({ message_id: lookupId, campaign_id: lookupId });

export const campaignQuery = z.object({
  campaign_id: z.preprocess((id) => id || null, z.guid().nullable()),
});

export const rateQuery = z.object({ mccmnc: filledText, country: optionalText });

/** The error reply of Laravel's validator. */
export interface ValidationProblem {
  message: string;
  errors: Record<string, string[]>;
}

type ReadResult<Value> = { ok: true; value: Value } | { ok: false; problem: ValidationProblem };

export function read<Value>(schema: z.ZodType<Value>, input: unknown): ReadResult<Value> {
  const result = schema.safeParse(input, { error: laravelMessage });
  if (result.success) return { ok: true, value: result.data };
  const { issues } = result.error;
  const errors: Record<string, string[]> = {};
  for (const { path, message } of issues.slice(0, maxErrors)) (errors[path.join(".")] ??= []).push(message);
  const others = issues.length - 1;
  const more = others === 0 ? "" : ` (and ${others} more ${others === 1 ? "error" : "errors"})`;
  return { ok: false, problem: { message: `${issues[0]?.message}${more}`, errors } };
}

/** For a bulk request with 100,000 wrong recipients, only the first errors are returned. */
const maxErrors = 100;

const typeNames: Readonly<Record<string, string>> = {
  array: "an array",
  object: "an array",
  int: "an integer",
  number: "a number",
  string: "a string",
};

function laravelMessage(issue: z.core.$ZodRawIssue): string {
  const field = (issue.path ?? []).join(".");
  switch (issue.code) {
    case "invalid_type":
      if (issue.input == null) return `The ${field} field is required.`;
      return `The ${field} field must be ${typeNames[issue.expected] ?? "valid"}.`;
    case "invalid_format":
      return `The ${field} field must be a valid UUID.`;
    case "too_small":
      return issue.origin === "int" || issue.origin === "number"
        ? `The ${field} field must be at least ${issue.minimum}.`
        : `The ${field} field is required.`;
    case "too_big":
      return issue.origin === "array"
        ? `The ${field} field must not have more than ${issue.maximum} items.`
        : `The ${field} field must not be greater than ${issue.maximum}.`;
    default:
      return `The ${field} field is invalid.`;
  }
}

function tooLong(path: readonly PropertyKey[], maxCharacters: number): string {
  return `The ${path.join(".")} field must not be greater than ${maxCharacters} characters.`;
}

const dateAndTime =
  /^\d{4}-\d{2}-\d{2}(?<time>[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(?<zone>Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * ISO 8601 as the text says, or with a space as in the example. Without a zone it is UTC, and a day alone is its
 * beginning. NaN for anything else.
 */
function parseScheduledAt(text: string): number {
  const match = dateAndTime.exec(text);
  if (match === null) return Number.NaN;
  const timed = match.groups?.["time"] === undefined ? `${text}T00:00` : text;
  const zoned = match.groups?.["zone"] === undefined ? `${timed}Z` : timed;
  try {
    return Temporal.Instant.from(zoned.replace(" ", "T")).epochMilliseconds;
  } catch {
    return Number.NaN;
  }
}

/** International format as in the documented examples: digits only, no plus sign. */
export const internationalNumber = /^[1-9]\d{7,14}$/;

export function withoutDuplicates<Recipient extends { to: string }>(
  recipients: readonly Recipient[],
): Recipient[] {
  const seen = new Set<string>();
  return recipients.filter(({ to }) => !seen.has(to) && seen.add(to));
}

export function isCallbackUrl(text: string | null): boolean {
  if (text === null) return true;
  const protocol = URL.parse(text)?.protocol;
  return protocol === "http:" || protocol === "https:";
}
