import { z } from "zod";
import type { InboundReading } from "../../providers/provider.ts";

/** PostgreSQL knows no year 0, and nobody sent a message before there were any. */
function isSensible(time: string): boolean {
  const year = new Date(time).getUTCFullYear();
  return year >= 1990 && year < 2100;
}

/** The body of a message that is posted to `…/inbound`: one message or a list of them, as JSON or as a form. */
const inbound = z.object({
  id: z.string().trim().min(1).max(255).optional(),
  from: z.string().trim().min(1).max(50),
  to: z.string().trim().min(1).max(50).optional(),
  text: z.string().max(10_000),
  sentAt: z.iso.datetime({ offset: true }).refine(isSensible).optional(),
});

const maxMessages = 1_000;
const body = z.union([inbound.transform((one) => [one]), z.array(inbound).min(1).max(maxMessages)]);

export type InboundBody =
  | { kind: "read"; messages: InboundReading[] }
  | { kind: "malformed"; reason: string };

/** Accepts any string and never throws. */
export function readInboundBody(text: string, contentType = ""): InboundBody {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(contentType.trim());
  const content = isForm ? Object.fromEntries(new URLSearchParams(text)) : parseJson(text);
  if (content === undefined) return { kind: "malformed", reason: "it is neither JSON nor a form." };
  const parsed = body.safeParse(content);
  if (!parsed.success) return { kind: "malformed", reason: expected };
  const messages = parsed.data.map(({ id, from, to, text: said, sentAt }) => ({
    providerMessageId: id,
    from,
    to,
    text: said,
    sentAt: sentAt === undefined ? undefined : new Date(sentAt),
  }));
  return { kind: "read", messages };
}

const expected =
  "it must be a message, or a list of 1 to 1000, with `from` and `text`, and may have `id`, `to` and `sentAt` (RFC 3339).";

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
