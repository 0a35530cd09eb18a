import { onTestFinished } from "vitest";
import {
  startTikosmsSandbox,
  type TikosmsSandbox,
  type TikosmsSandboxOptions,
} from "../../src/sandbox/tikosms/index.ts";
import { startCallbackReceiver, type CallbackReceiver, type ReceivedCallback } from "./callback-receiver.ts";

/** A sandbox that does everything at once, for the running test. */
export async function startSandbox(options: TikosmsSandboxOptions = {}): Promise<TikosmsSandbox> {
  const sandbox = await startTikosmsSandbox({ delays: { createMs: 0, updateMs: 0 }, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** A receiver of callbacks, for the running test. */
export async function startReceiver(
  ...answer: Parameters<typeof startCallbackReceiver>
): Promise<CallbackReceiver> {
  const callbacks = await startCallbackReceiver(...answer);
  onTestFinished(() => callbacks.close());
  return callbacks;
}

/** A single message to the scenario of this suffix; `text` is one part unless given. */
export function submission(suffix: string, callbacks: CallbackReceiver, text = "Hi") {
  return {
    from: "MySender",
    message: text,
    to: `421901000${suffix}`,
    callback_url: callbacks.url,
    client_ref: `order-${suffix}`,
  };
}

/** `create SENT 1`: event, status and part. The literal create is no JSON, so nothing here parses it. */
export function summary({ text }: ReceivedCallback): string {
  const [, event] = /^\{\s*"(\w+)"/.exec(text) ?? [];
  const [, status] = /"status": ?"(\w+)"/.exec(text) ?? [];
  const [, part] = /"part": ?(\d)/.exec(text) ?? [];
  return `${event} ${status} ${part}`;
}
