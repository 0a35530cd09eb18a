import { countParts } from "../../wire/parts.ts";
import { answer, refusal } from "../../wire/qikli/answers.ts";
import { internationalNumber, readRequest, type SendRequest } from "../../wire/qikli/requests.ts";
import { type Format, printVerdicts } from "../../wire/qikli/rows.ts";
import { type StatusName, statuses } from "../../wire/qikli/statuses.ts";
import { faults } from "../faults.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { SandboxReply } from "../http-server.ts";
import type { QikliBehaviour } from "./behaviour.ts";
import type { QikliContext } from "./context.ts";
import { usualBehaviour } from "./behaviour.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Message } from "./state.ts";

interface SubmitFormats {
  sent: Format;
  wanted: Format;
}

interface Verdict {
  message: Message;
  /** Undefined when the answer has no row for the message. */
  status: StatusName | undefined;
  isAccepted: boolean;
}

/** `POST /sms/2/text/advanced` */
export async function submit(
  context: QikliContext,
  body: string,
  { sent, wanted }: SubmitFormats,
): Promise<SandboxReply> {
  const request = readRequest(body, sent);
  if (!request.ok) return refusal(wanted, "badRequest", request.errors);
  const bulkId = request.value.bulkId ?? context.random.uuid();
  const messages = readMessages(context, request.value, bulkId);
  const [first] = messages;
  if (first === undefined) throw new Error("a request without destinations passed validation");
  // A repeated message id is reported as such, however the first request ended.
  const isRepeated = context.state.isTaken(first.id);
  const { answer: ending, stored } = first.behaviour;
  if (!isRepeated && ending === "throttledOnce" && context.attempts.isFirst(first.id)) {
    return refusal(wanted, "throttled");
  }
  if (!isRepeated && !stored) return endings[ending]({ wanted, body: "" });
  const verdicts = judgeAll(context, messages);
  const accepted = verdicts.filter(({ isAccepted }) => isAccepted).map(({ message }) => message);
  const afterwards = await context.delivery.prepare(accepted);
  const printed = printAnswer(wanted, bulkId, verdicts);
  return { ...endings[isRepeated ? "verdicts" : ending]({ wanted, body: printed }), afterwards };
}

function readMessages({ random, clock }: QikliContext, request: SendRequest, bulkId: string): Message[] {
  return request.messages.flatMap(({ destinations, ...message }) =>
    destinations.map(({ to, messageId }) => ({
      id: messageId ?? random.uuid(),
      bulkId,
      to: to.replace(/^\+/, ""),
      from: message.from,
      text: message.text,
      parts: countParts(message.text).parts,
      notifyUrl: message.notifyUrl,
      notifyContentType: message.notifyContentType ?? "application/json",
      callbackData: message.callbackData,
      intermediateReport: message.intermediateReport ?? false,
      sentAt: Math.max(clock.now(), Date.parse(message.sendAt ?? "") || 0),
      behaviour: behaviourFor(to),
    })),
  );
}

/** In the order of the request: of two destinations with one message id, the second is the duplicate. */
function judgeAll({ state, attempts }: QikliContext, messages: readonly Message[]): Verdict[] {
  return messages.map((message, index): Verdict => {
    if (state.isTaken(message.id)) return { message, status: "duplicate", isAccepted: false };
    const { answer: ending, stored } = message.behaviour;
    const status = judge(message, index, attempts);
    const isAccepted = stored && statuses[status].groupId < 2;
    if (isAccepted) state.accept(message);
    const isUntold = ending === "withoutVerdict" || (index > 0 && Object.hasOwn(faults, ending));
    return { message, status: isUntold ? undefined : status, isAccepted };
  });
}

/**
 * Only the first destination can cause the whole request to be refused. Others that would be refused alone
 * are refused in their verdict; those whose request would fail have no row in the answer.
 */
function judge(
  { id, to, text, parts, behaviour }: Message,
  index: number,
  attempts: FirstAttempts,
): StatusName {
  if (!internationalNumber.test(to)) return "prefixMissing";
  if (parts > 25 || Buffer.byteLength(text) > 4_000) return "tooLong";
  const isToppedUp = behaviour.verdict === "noCredit" && !attempts.isFirst(id);
  const verdict = isToppedUp ? usualBehaviour.verdict : behaviour.verdict;
  return (index > 0 ? refusedAmongOthers[behaviour.answer] : undefined) ?? verdict;
}

const refusedAmongOthers: Partial<Record<QikliBehaviour["answer"], StatusName>> = {
  badRequest: "noRoute",
  errorIn200: "noRoute",
  forbidden: "systemError",
};

function printAnswer(format: Format, bulkId: string, verdicts: readonly Verdict[]): string {
  const rows = verdicts.flatMap(({ message, status }) =>
    status === undefined ? [] : [{ to: message.to, status: statuses[status], messageId: message.id }],
  );
  const isSparse = verdicts[0]?.message.behaviour.form.sparse === true;
  return printVerdicts(format, isSparse ? undefined : bulkId, rows);
}

interface Ending {
  wanted: Format;
  /** The verdicts as the response body. */
  body: string;
}

const endings: Readonly<Record<QikliBehaviour["answer"], (ending: Ending) => SandboxReply>> = {
  verdicts: ({ wanted, body }) => answer(200, wanted, body),
  withoutVerdict: ({ wanted, body }) => answer(200, wanted, body),
  throttledOnce: ({ wanted, body }) => answer(200, wanted, body),
  badRequest: ({ wanted }) => refusal(wanted, "badRequest"),
  errorIn200: ({ wanted }) => ({ ...refusal(wanted, "badRequest"), status: 200 }),
  forbidden: ({ wanted }) => refusal(wanted, "forbidden"),
  serverError: ({ wanted }) => refusal(wanted, "general"),
  html: () => faults.html,
  hang: () => faults.hang,
  reset: () => faults.reset,
};
