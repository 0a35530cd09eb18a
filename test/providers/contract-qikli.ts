import { writeXml, type XmlContent } from "../../src/providers/wire/xml.ts";
import { type Contract, digits, submission, type Variant } from "./contract-description.ts";
import { type Answer, fixtures } from "./serve-answers.ts";

const fixture = fixtures("qikli");
const username = "Aladdin";
const password = "open:sesame & <ž>";
const { messageId, from, text, callbackUrl } = submission;

/** The recorded answers are about a message of their own. */
const recorded = (name: string): string =>
  fixture(name).replaceAll("MESSAGE-ID-127-xyz", messageId).replaceAll("2332xxxxxxxx", digits);

const taken = { groupId: 1, groupName: "PENDING", id: 26, name: "MESSAGE_ACCEPTED" };
const refused = { groupId: 5, groupName: "REJECTED", id: 51, name: "MISSING_TO", description: "No number" };
const strange = { groupId: 77, groupName: "STRANGE", id: 777, name: "STRANGE_THING" };
const other = { to: "233205072987", messageId: "another" };
const own = { to: digits, messageId };

function variant(format: "JSON" | "XML", logs: boolean): Variant {
  const isXml = format === "XML";
  const mediaType = isXml ? "application/xml" : "application/json";
  const extension = format.toLowerCase();
  const write = (root: string, content: { [name: string]: XmlContent }): string =>
    isXml ? writeXml(root, content) : JSON.stringify(content);
  const answer = (messages: XmlContent[]): Answer => ({
    body: write("SMSResponse", { bulkId: "b", messages: isXml ? { messages } : messages }),
    headers: { "content-type": mediaType },
  });
  const error = (word: string, said: string): string => {
    const serviceException = { messageId: word, text: said };
    return isXml
      ? writeXml("requestError", { serviceException })
      : JSON.stringify({ requestError: { serviceException } });
  };
  const destination = { to: digits, messageId };
  const message = { from, text, notifyUrl: callbackUrl, notifyContentType: mediaType };
  return {
    name: `${format}${logs ? " with logs" : ""}`,
    settings: { format, logs },
    mediaType,
    request: {
      path: "/sms/2/text/advanced",
      headers: {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
        accept: mediaType,
        "content-type": mediaType,
      },
      content: {
        messages: isXml
          ? { message: { ...message, destinations: { destination } } }
          : [{ ...message, destinations: [destination] }],
      },
    },
    accepted: recorded(`send.200.${extension}`),
    acceptedIds: { providerMessageId: messageId, providerBatchId: "BULK-ID-123-xyz" },
    rejected: {
      answer: { status: 401, body: recorded(`error.401.${extension}`) },
      status: "FAILED",
      code: "provider_unauthenticated",
    },
    partial: [
      [
        "ours taken, another refused",
        answer([
          { ...other, status: refused },
          { ...own, status: taken },
        ]),
        { kind: "accepted", providerMessageId: messageId },
      ],
      [
        "ours refused, another taken",
        answer([
          { ...other, status: taken },
          { ...own, status: refused },
        ]),
        { kind: "rejected", status: "REJECTED" },
      ],
    ],
    unclear: [
      ["a status nobody knows", answer([{ ...own, status: strange }])],
      ["another's verdict", answer([{ ...other, status: taken }])],
      ["no status", answer([own])],
      ["no message", answer([])],
    ],
    errorBody: (said) => error("ODDITY", said),
    lookedUp: logs
      ? (id, name) =>
          write("logs", { results: [{ messageId: id, to: digits, status: { ...strange, name } }] })
      : undefined,
    twinLacksLookUp: true,
    emptyIsFine: ["check", "drainReceipts", "lookUp"],
  };
}

const bodies = ["reports.200.json", "reports.200.xml", "push.json", "push.xml"];

export const contract: Contract = {
  credentials: { username, password },
  reconciles: true,
  variants: [variant("JSON", false), variant("XML", false), variant("JSON", true)],
  callbacks: {
    bodies: bodies.map(fixture),
    withStatus(word) {
      const results = [{ messageId: "m-1", status: { ...strange, name: word } }];
      return [JSON.stringify({ results }), writeXml("SMSReportResponse", { results: { results } })];
    },
  },
};
