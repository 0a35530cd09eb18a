import { writeXml, type XmlContent } from "../../src/providers/wire/xml.ts";
import { digitsOf } from "../../src/providers/wire/text.ts";
import {
  type Contract,
  digits,
  submission,
  type Variant,
  type WrittenMessage,
} from "./contract-description.ts";
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

interface JsonMessage {
  from: string;
  text: string;
  destinations: { to: string; messageId: string }[];
  flash?: boolean;
  validityPeriod?: number;
}

function readJsonRequest(body: string): WrittenMessage[] {
  const { messages } = JSON.parse(body) as { messages: JsonMessage[] };
  return messages.flatMap(({ destinations, from: sender, text: said, flash, validityPeriod }) =>
    destinations.map((destination) => ({
      ...destination,
      from: sender,
      text: said,
      flash,
      validityMinutes: validityPeriod,
    })),
  );
}

const inner = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^]*?)</${name}>`, "g"))].map(([, content = ""]) => content);

/** Read with patterns: the reader of the adapter would not see its own faults. */
function readXmlRequest(body: string): WrittenMessage[] {
  return inner(body, "message").flatMap((message) =>
    inner(message, "destination").map((destination) => {
      const [validity] = inner(message, "validityPeriod");
      return {
        to: inner(destination, "to")[0] ?? "",
        messageId: inner(destination, "messageId")[0],
        from: inner(message, "from")[0] ?? "",
        text: inner(message, "text")[0] ?? "",
        flash: inner(message, "flash")[0] === "true" ? true : undefined,
        validityMinutes: validity === undefined ? undefined : Number(validity),
      };
    }),
  );
}

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
    bulk: {
      path: "/sms/2/text/advanced",
      tellsOfEach: true,
      read: isXml ? readXmlRequest : readJsonRequest,
      answer: (told) => {
        const rows = told.map(([{ to, messageId: id }, verdict]) => ({
          to: digitsOf(to),
          messageId: id,
          status: verdict === "accepted" ? taken : refused,
        }));
        return write("SMSResponse", { bulkId: "b", messages: isXml ? { messages: rows } : rows });
      },
      refusing: (number) => ({
        status: 400,
        body: error("BAD_REQUEST", `${number} is no number`),
        headers: { "content-type": mediaType },
      }),
    },
    errorBody: (said) => error("ODDITY", said),
    lookedUp: logs
      ? (id, name) =>
          write("logs", { results: [{ messageId: id, to: digits, status: { ...strange, name } }] })
      : undefined,
    ...(logs && { twinChosen: { logs: "true" } }),
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
