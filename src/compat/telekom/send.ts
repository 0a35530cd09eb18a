import type { Viewer } from "../../access/api-keys.ts";
import type { SendInput } from "../../messages/accept/send-input.ts";
import { measure } from "../../sms/text.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { describeInSlovak } from "../../wire/telekom/codes.ts";
import { failure, success, type Fields, type Format } from "../../wire/telekom/format.ts";
import {
  channelOf,
  defaultValidity,
  nationalNumber,
  readSubmission,
  type Submission,
} from "../../wire/telekom/requests.ts";
import { sentContent, type Entry } from "../../wire/telekom/rows.ts";
import type { ServedCall } from "../frame/call.ts";
import { sendAll, type Sent } from "../frame/send.ts";
import { findMessages } from "../known/messages.ts";
import { entryProblem } from "./errors.ts";
import { timeZone } from "./facts.ts";

const priorities = { 1: "LOW", 2: "NORMAL", 3: "HIGH" } as const satisfies Record<
  number,
  SendInput["priority"]
>;

/** `send_message` */
export async function sendMessage(
  call: ServedCall,
  viewer: Viewer,
  fields: Fields,
  format: Format,
): Promise<WireAnswer> {
  // Whether a group exists is known to the provider that has it.
  const isText = format === "xml" || call.method === "GET";
  const read = readSubmission(fields, { isText, timeZone, isGroup: () => true });
  if (!read.ok) return failure(format, read.code, describeInSlovak(read.code));
  const { recipients } = read.value;
  call.admitSends(viewer, recipients.length);
  const ids = await call.services.ids.take(recipients.length);
  const now = call.services.clock.now().getTime();
  const valid = recipients.map((to) => (channelOf(to) === undefined ? undefined : to));
  const inputs = valid.flatMap((to, index) =>
    to === undefined
      ? []
      : inputOf(read.value, { to, id: ids[index] ?? 0, viewer, now, key: keyOf(call, index) }),
  );
  const sent = await sendAll(call.services, viewer, inputs);
  return success(format, sentContent(await entriesOf(call, recipients, valid, sent)));
}

const keyOf = ({ idempotencyKey }: ServedCall, index: number): string | undefined =>
  idempotencyKey === undefined ? undefined : `${idempotencyKey} ${index}`;

interface Place {
  to: string;
  id: number;
  viewer: Viewer;
  now: number;
  key: string | undefined;
}

function inputOf(submission: Submission, { to, id, viewer, now, key }: Place): SendInput {
  const { from, startsAt, validity, flash, groupId, callback } = submission;
  const { text, encoding } = writtenText(submission);
  const national = nationalNumber(to);
  return {
    to: national === "" ? `+${to}` : `+421${national}`,
    text,
    from,
    encoding,
    flash,
    validityMinutes: validity ?? defaultValidity,
    priority: priorities[submission.priority as keyof typeof priorities],
    // A past time means now.
    scheduledAt: startsAt > now ? new Date(startsAt) : null,
    cadenceGroupId: groupId === undefined ? undefined : String(groupId),
    idempotencyKey: key,
    served: {
      api: "TELEKOM",
      vendorId: String(id),
      callbackUrl: callback ? (viewer.callbackUrl ?? null) : null,
    },
  };
}

/** Without Unicode, diacritics are removed; what still needs it is sent so. */
function writtenText({ text, unicode }: Submission): Pick<SendInput, "text" | "encoding"> {
  if (unicode === true) return { text, encoding: "UCS2" };
  if (unicode === undefined) return { text };
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "");
  return measure(plain).encoding === "GSM7" ? { text: plain } : { text };
}

/** In the order of the recipients. */
async function entriesOf(
  call: ServedCall,
  recipients: readonly string[],
  valid: readonly (string | undefined)[],
  sent: readonly Sent[],
): Promise<Entry[]> {
  const known = await findMessages(
    call.services.database,
    sent.flatMap((each) => (each.kind === "accepted" && each.isRepeated ? each.messageId : [])),
  );
  const rest = sent.values();
  return recipients.map((to, index): Entry => {
    if (valid[index] === undefined) return { kind: "refused", to };
    const each = rest.next().value as Sent;
    if (each.kind === "refused") return { kind: "refused", to, ...entryProblem(each.error) };
    const parts = each.segments ?? known.get(each.messageId)?.segments ?? 1;
    return { kind: "accepted", message: { id: Number(each.vendorId), parts } };
  });
}
