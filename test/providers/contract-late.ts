import { expect } from "vitest";
import { testSideBySide } from "../support/side-by-side.ts";
import { each, messagesTo, submitMany, taken } from "./contract-bulk.ts";
import {
  askable,
  connect,
  connectToSubmit,
  open,
  type Question,
  questions,
  type Subject,
} from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { lateEndings } from "./contract-open-endings.ts";
import { serveTcp } from "./local-server.ts";
import type { Answer } from "./serve-answers.ts";

const someText = expect.stringMatching(/\w/);
const ambiguous = { kind: "ambiguous", reason: someText };

/** Answers that do not come in time. All of these wait, so they wait side by side. */
export function testLate(subject: Subject): void {
  const { variant } = subject;

  testSideBySide(
    lateEndings(variant.accepted),
    "a submission waits in vain for an answer: %s",
    async (_name, answer, limits) => {
      const { client, submissions } = await connectToSubmit(subject, () => answer, limits);
      expect(await client.submit(submission)).toEqual(ambiguous);
      expect(submissions()).toHaveLength(1);
    },
  );

  testSideBySide([["a TLS handshake that hangs"]], "%s proves that a submission was not sent", async () => {
    const origin = await serveTcp((socket) => socket.resume());
    const { client } = open(subject, origin.replace("http:", "https:"), { connectTimeoutMs: 50 });
    expect(await client.submit(submission)).toEqual({ kind: "retryable", reason: someText });
  });

  const { bulk } = variant;
  const messages = messagesTo(5);
  const manyEndings = bulk ? lateEndings(bulk.answer(taken(messages))) : [];
  testSideBySide(
    manyEndings,
    "a bulk request waits in vain for an answer: %s",
    async (_name, answer, limits) => {
      const { client, submissions } = await connectToSubmit(subject, () => answer, limits);
      const outcomes = await submitMany(client, messages);
      expect(submissions()).toHaveLength(1);
      expect(outcomes).toEqual(each(messages, ambiguous));
    },
  );

  const endings: [string, Answer][] = [
    ["no answer in time", () => {}],
    ["a body that stops", (response) => response.writeHead(200, { "content-length": 99 }).write("{")],
  ];
  const asked = askable(subject).flatMap((question) =>
    endings.map(([name, answer]): [Question, string, Answer] => [question, name, answer]),
  );
  testSideBySide(asked, "the query %s waits in vain for an answer: %s", async (question, _name, answer) => {
    const { client, requests } = await connect(subject, () => answer, { totalTimeoutMs: 1_500 });
    const reply = await questions[question](client);
    expect(requests).not.toEqual([]);
    expect(reply).toMatchObject({ ok: false, problem: { kind: "unreachable", detail: someText } });
  });
}
