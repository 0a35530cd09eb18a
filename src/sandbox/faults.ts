import { jsonReply } from "../wire/exchange.ts";
import type { SandboxReply } from "./http-server.ts";

/** Ways a request can fail before the application answers. */
export type Fault = "serverError" | "html" | "hang" | "reset";

/** A page such as a gateway in front of the application returns. */
export const htmlPage: Extract<SandboxReply, { kind: "answer" }> = {
  kind: "answer",
  status: 200,
  headers: { "content-type": "text/html; charset=UTF-8" },
  body: "<!DOCTYPE html>\n<html><body>OK</body></html>\n",
};

export const faults: Readonly<Record<Fault, SandboxReply>> = {
  serverError: jsonReply(500, { message: "Server Error" }),
  html: htmlPage,
  hang: { kind: "hang" },
  reset: { kind: "reset" },
};
