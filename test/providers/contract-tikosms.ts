import { type Contract, digits, submission, type WrittenMessage } from "./contract-description.ts";
import { fixtures, json } from "./serve-answers.ts";

const fixture = fixtures("tikosms");
const apiToken = "12|tikosms-contract-token";

/** One message, or one text to many recipients. */
function readRequest(body: string): WrittenMessage[] {
  const { from, message: text, recipients, ...alone } = JSON.parse(body);
  const written = (recipients ?? [alone]) as { to: string; client_ref: string }[];
  return written.map(({ to, client_ref: messageId }) => ({ messageId, to, from, text }));
}

/** TikoSMS speaks JSON only. */
export const contract: Contract = {
  credentials: { apiToken },
  variants: [
    {
      name: "JSON",
      settings: {},
      mediaType: "application/json",
      request: {
        path: "/v1/message",
        headers: {
          authorization: `Bearer ${apiToken}`,
          accept: "application/json",
          "content-type": "application/json",
        },
        content: {
          to: digits,
          from: submission.from,
          message: submission.text,
          client_ref: submission.messageId,
          callback_url: submission.callbackUrl,
        },
      },
      accepted: fixture("message.200.json"),
      acceptedIds: {
        providerMessageId: "d3b0e5a1-2224-4a7e-8b12-7c61d3a7bfb9",
        providerBatchId: "7e9d2a5c-3b8e-4b8d-9b5f-1a2c3d4e5f60",
      },
      rejected: {
        answer: { status: 403, body: fixture("message.403.json") },
        status: "REJECTED",
        code: "no_rate",
      },
      unclear: [
        ["success without an id", json({ success: true })],
        ["failure with an id", json({ success: false, message_id: "1" })],
      ],
      bulk: {
        path: "/v1/messages",
        tellsOfEach: false,
        read: readRequest,
        answer: (told) =>
          JSON.stringify({ ...JSON.parse(fixture("messages.200.json")), recipients: told.length }),
        refusing: (number) =>
          json({ message: "Invalid.", errors: { "recipients.0.to": [`${number} is odd.`] } }, 422),
      },
      errorBody: (text) => JSON.stringify({ success: false, error: text }),
      lookedUp(id, status) {
        const [row] = JSON.parse(fixture("get_message.200.json")).data;
        return JSON.stringify({
          success: true,
          data: [{ ...row, message_id: id, client_ref: submission.messageId, status }],
        });
      },
    },
  ],
  reconciles: true,
  callbacks: {
    bodies: ["callback-create.json", "callback-update.json", "callback-create.printed.txt"].map(fixture),
    withStatus: (word) =>
      ["callback-create.json", "callback-update.json"].map((name) =>
        fixture(name).replace(/"status": "\w+"/, () => `"status": ${JSON.stringify(word)}`),
      ),
  },
};
