import { describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import { startReceiver, startSandbox, submission, summary } from "./setup.ts";
import { at, call } from "./tikosms-client.ts";

describe("callbacks", () => {
  it("callbacks of the TikoSMS sandbox look as documented", async () => {
    const clock = createManualClock("2025-08-06T15:33:45.123Z");
    const [sandbox, callbacks] = [await startSandbox({ clock }), await startReceiver()];
    const body = { from: "MySender", message: "Hi", to: "380501234567", callback_url: callbacks.url };
    const submitted = await call(sandbox, "POST", "message", { body: { ...body, client_ref: "order-123" } });
    const [create, update] = await callbacks.take(2);
    expect(create).toMatchObject({
      method: "POST",
      headers: { "user-agent": "TikoSMS-Callback/1.0", "content-type": "application/json" },
    });
    const shared = {
      message_id: at(submitted.body, "message_id"),
      from: "MySender",
      to: "380501234567",
      callback_url: callbacks.url,
      client_ref: "order-123",
      mccmnc: "255001",
      cost: 0.045,
      part: 1,
      total_parts: 1,
    };
    expect(JSON.parse(create?.text ?? "")).toEqual({
      create: { ...shared, status: "SENT", sent_at: "2025-08-06 15:33:45" },
    });
    expect(JSON.parse(update?.text ?? "")).toEqual({
      update: {
        ...shared,
        status: "DELIVRD",
        delivered_at: "2025-08-06 15:33:45",
        timestamp: "2025-08-06T15:33:45.123",
      },
    });
  });

  it("callbacks of the TikoSMS sandbox have no delivery time for a failure, and no reference when none was given", async () => {
    const [sandbox, callbacks] = [await startSandbox(), await startReceiver()];
    const body = { ...submission("001", callbacks), client_ref: undefined };
    await call(sandbox, "POST", "message", { body });
    const update = JSON.parse((await callbacks.take(2))[1]?.text ?? "");
    expect(at(update, "update")).toMatchObject({ delivered_at: null, client_ref: null, status: "UNDELIV" });
  });

  it("callbacks of the TikoSMS sandbox are repeated with growing pauses until they are answered with 200", async () => {
    const clock = createManualClock("2025-08-06T15:33:45Z");
    const answers = [500, 204, 200];
    const callbacks = await startReceiver(({ text }) =>
      text.includes("create") ? (answers.shift() ?? 0) : 200,
    );
    const sandbox = await startSandbox({ clock, callbackRetries: { attempts: 5, delayMs: 100 } });
    await call(sandbox, "POST", "message", { body: submission("000", callbacks) });
    await callbacks.take(2);
    for (const [attempts, pause] of [100, 200].entries()) {
      expect(await clock.pending(1)).toEqual([pause]);
      clock.advance(pause);
      await callbacks.take(attempts + 3);
    }
    expect(callbacks.received.map(summary)).toEqual([
      "create SENT 1",
      "update DELIVRD 1",
      "create SENT 1",
      "create SENT 1",
    ]);
  });

  it("callbacks of the TikoSMS sandbox are given up in the end, without telling their URL", async () => {
    const { promise: givenUp, resolve } = Promise.withResolvers<string>();
    const log = (line: string) => line.includes("given up") && resolve(line);
    const callbacks = await startReceiver(({ text }) => (text.includes("create") ? 503 : 200));
    const sandbox = await startSandbox({ log, callbackRetries: { attempts: 3, delayMs: 1 } });
    await call(sandbox, "POST", "message", { body: submission("000", callbacks) });
    expect(await givenUp).toBe(`callback to ${new URL(callbacks.url).host} given up: HTTP 503`);
    expect(callbacks.received.map(summary).filter((one) => one.startsWith("create"))).toHaveLength(3);
  });

  it("callbacks of the TikoSMS sandbox come a moment after acceptance", async () => {
    const clock = createManualClock("2025-08-06T15:33:45Z");
    const [sandbox, callbacks] = [await startSandbox({ clock, delays: {} }), await startReceiver()];
    await call(sandbox, "POST", "message", { body: submission("000", callbacks) });
    const [createInMs = 0] = await clock.pending(1);
    expect(createInMs).toBeGreaterThanOrEqual(120);
    expect(createInMs).toBeLessThanOrEqual(180);
    clock.advance(createInMs);
    await callbacks.take(1);
    const [updateInMs = 0] = await clock.pending(1);
    expect(createInMs + updateInMs).toBeGreaterThanOrEqual(640);
    expect(createInMs + updateInMs).toBeLessThanOrEqual(960);
  });

  it("callbacks of the TikoSMS sandbox do not keep it from closing, though their receiver answers nothing", async () => {
    const callbacks = await startReceiver(() => Promise.withResolvers<number>().promise);
    const sandbox = await startSandbox();
    await call(sandbox, "POST", "message", { body: submission("000", callbacks) });
    await callbacks.take(1);
    await expect(sandbox.close()).resolves.toBeUndefined();
  });
});
