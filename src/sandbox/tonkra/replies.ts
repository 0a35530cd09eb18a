import { jsonReply, type SandboxReply } from "../http-server.ts";
import type { TonkraContext } from "./context.ts";
import { literalBody } from "./wire.ts";

export function success(data: unknown, message: string | null = null): SandboxReply {
  return jsonReply(200, { status: "success", message, data });
}

/** One or more messages; the documentation has a placeholder here. */
export function messages(
  { variant }: TonkraContext,
  placeholder: string,
  data: unknown,
  message: string | null,
): SandboxReply {
  return variant.bodies === "literal" ? rawJson(literalBody(placeholder)) : success(data, message);
}

export function rawJson(body: string): SandboxReply {
  return { kind: "answer", status: 200, headers: { "content-type": "application/json" }, body };
}

export function error(status: number, message: string): SandboxReply {
  return jsonReply(status, { status: "error", message });
}
