import { digitsOf } from "../../src/providers/wire/text.ts";
import {
  type Contract,
  digits,
  submission,
  type Told,
  type Variant,
  type WrittenMessage,
} from "./contract-description.ts";
import { fixtures, json } from "./serve-answers.ts";

const fixture = fixtures("tonkra");
const apiToken = "255|tonkra-contract-token";

/** The documentation's number is that of the recorded answers. */
const recorded = (name: string): string => fixture(name).replaceAll("31612345678", digits);
const several = recorded("real.send.several.200.json");

const headers = { accept: "application/json", "content-type": "application/json" };
const content = {
  recipient: digits,
  sender_id: submission.from,
  type: "plain",
  message: submission.text,
};

/** Rows of the numbers that were taken, and the others in one text. */
function answerAll(told: readonly Told[]): string {
  const [row] = JSON.parse(several).data;
  const refused = told.flatMap(([{ to }, verdict]) => (verdict === "rejected" ? [digitsOf(to)] : []));
  const data = told.flatMap(([{ to }, verdict]) => {
    const number = digitsOf(to);
    return verdict === "accepted" ? [{ ...row, uid: `uid-${number}`, to: number }] : [];
  });
  const message = refused.map((number) => `The phone number ${number} is not valid.`).join(" ");
  return JSON.stringify({ status: "success", message, data });
}

function readRequest(body: string): WrittenMessage[] {
  const { recipient, sender_id: from, message: text } = JSON.parse(body);
  return (recipient as string).split(",").map((to) => ({ to, from, text }));
}

/** Tonkra takes neither a reference nor a callback URL. */
const common: Omit<Variant, "name" | "settings" | "request" | "bulk"> = {
  mediaType: "application/json",
  accepted: recorded("real.send.200.json"),
  acceptedIds: { providerMessageId: "61536aa9cab81" },
  rejected: {
    answer: json({ status: "error", message: JSON.parse(several).message }, 403),
    status: "REJECTED",
    code: "no_rate",
  },
  partial: [
    [
      "ours taken, another number refused",
      { body: several },
      { kind: "accepted", providerMessageId: "61536aa9cab81" },
    ],
    [
      "nothing in the list",
      { body: several.replace(/\[[^]*\]/, "[]") },
      { kind: "rejected", status: "REJECTED" },
    ],
  ],
  unclear: [
    ["the documented placeholder", { body: fixture("send.200.json") }],
    ["no uid", { body: fixture("real.send.scheduled.200.json") }],
    ["an error with a uid", json({ status: "error", message: "Failed", data: { uid: "1" } })],
  ],
  errorBody: (text) => JSON.stringify({ status: "error", message: text }),
  // Asked for when an error under 200 may mean the token.
  aside: ({ path }) => (path.endsWith("/balance") ? { body: fixture("real.balance.200.json") } : undefined),
  lookedUp(id, status) {
    const answer = JSON.parse(fixture("real.view.200.json"));
    return JSON.stringify({ ...answer, data: { ...answer.data, uid: id, status } });
  },
};

const bulk = { tellsOfEach: true, read: readRequest, answer: answerAll };

export const contract: Contract = {
  credentials: { apiToken },
  reconciles: true,
  variants: [
    {
      ...common,
      name: "HTTP",
      bulk: { ...bulk, path: "/api/http/sms/send" },
      settings: {},
      request: { path: "/api/http/sms/send", headers, content: { api_token: apiToken, ...content } },
    },
    {
      ...common,
      name: "V3",
      bulk: { ...bulk, path: "/api/v3/sms/send" },
      settings: { api: "V3" },
      request: {
        path: "/api/v3/sms/send",
        headers: { ...headers, authorization: `Bearer ${apiToken}` },
        content,
      },
    },
  ],
};
