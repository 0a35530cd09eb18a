import { writeXml } from "../../src/providers/wire/xml.ts";
import { type Contract, digits, submission, type Variant } from "./contract-description.ts";
import { type Answer, fixtures } from "./serve-answers.ts";

const fixture = fixtures("telekom");
const token = "telekom-contract-token".padEnd(64, "0");
const session = "a1da7970-5464-11e4-867e-9d647178712c";

const result = (status: string, code: string, description = "") => ({
  result: { status, description, code },
});

/** Telekom SK takes no reference, and has the callback URL with the account: a message only asks for it. */
function variant(format: "JSON" | "XML", useSession: boolean): Variant {
  const isXml = format === "XML";
  const segment = format.toLowerCase();
  const recorded = (name: string): string => fixture(`${name}.${segment}`);
  const mediaType = isXml ? "application/xml" : "application/json";
  const headers = { "content-type": mediaType };
  const write = (content: { [name: string]: string | object }): string =>
    isXml ? writeXml("response", content as Record<string, string>) : JSON.stringify(content);
  const answer = (body: string): Answer => ({ body, headers });
  const accepted = recorded("send_message.200");
  const credential: Record<string, string> = useSession ? { session_id: session } : { token };
  return {
    name: `${format}${useSession ? " with a session" : ""}`,
    settings: { format, useSession },
    mediaType,
    request: {
      path: `/${segment}/send_message`,
      headers: { accept: mediaType, "content-type": isXml ? `${mediaType}; charset=UTF-8` : mediaType },
      content: {
        to: digits,
        from: submission.from,
        text: submission.text,
        callback: isXml ? "1" : true,
        unicode: isXml ? "0" : false,
        ...credential,
      },
    },
    accepted,
    acceptedIds: { providerMessageId: "100427" },
    rejected: { answer: answer(recorded("auth.error")), status: "FAILED", code: "provider_forbidden" },
    partial: [
      [
        "a count that is not kept",
        answer(recorded("send_message.partial")),
        { kind: "accepted", providerMessageId: "100427" },
      ],
      [
        "success, but the number refused",
        answer(write({ ...result("success", "OK"), messages: [refused("INCORRECT_RECIPIENT_ADDRESS")] })),
        { kind: "rejected", status: "REJECTED" },
      ],
      [
        "one entry taken, another refused",
        answer(write({ ...result("success", "OK"), messages: [refused("NO_RECIPIENTS"), taken(isXml)] })),
        { kind: "accepted", providerMessageId: "7" },
      ],
    ],
    unclear: [
      ["success without an id", answer(write(result("success", "OK")))],
      ["a contradiction", answer(write(result("success", "ODDITY")))],
      ["failure with an id", answer(write({ ...result("error", "ODDITY"), messages: [taken(isXml)] }))],
    ],
    errorBody: (text) => write(result("error", "ODDITY", text)),
    aside: ({ path }) => (path.endsWith("/auth") ? answer(recorded("auth.200")) : undefined),
    lookedUp: (id, word) =>
      recorded("check_message.200")
        .replace("154786", id)
        .replace("DELIVERED", () => word),
  };
}

const refused = (code: string) => ({ status: "error", code, description: "Nie" });
const taken = (isXml: boolean) => ({ status: "success", code: "OK", [isXml ? "id" : "message_id"]: "7" });

export const contract: Contract = {
  credentials: { token },
  reconciles: false,
  variants: [variant("JSON", false), variant("XML", false), variant("JSON", true), variant("XML", true)],
  callbacks: {
    bodies: [...["callback.json", "callback.printed.txt"].map(fixture), "message_id=100427&status=DELIVERED"],
    withStatus: (word) => [
      ...["callback.json", "callback.printed.txt"].map((name) =>
        fixture(name).replace('"DELIVERED"', () => JSON.stringify(word)),
      ),
      new URLSearchParams({ message_id: "100427", status: word }).toString(),
    ],
  },
};
