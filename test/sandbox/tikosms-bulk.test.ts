import { describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import { startReceiver, startSandbox } from "./setup.ts";
import { at, call, textAt } from "./tikosms-client.ts";

const bulk = { from: "MyBrand", message: "Big sale today!" };

describe("bulk requests", () => {
  it("the TikoSMS sandbox prefers a recipient's own callback URL to the common one", async () => {
    const [own, common] = [await startReceiver(), await startReceiver()];
    const sandbox = await startSandbox();
    const recipients = [
      { to: "421901000100", client_ref: "first", callback_url: own.url },
      { to: "421901000101", client_ref: "second" },
    ];
    await call(sandbox, "POST", "messages", { body: { ...bulk, recipients, callback_url: common.url } });
    const [, ownUpdate] = await own.take(2);
    const [, commonUpdate] = await common.take(2);
    expect(ownUpdate?.text).toContain('"client_ref":"first"');
    expect(commonUpdate?.text).toContain('"client_ref":"second"');
  });

  it("a bulk request to the TikoSMS sandbox leaves refused recipients out without a word, unless none remains", async () => {
    const sandbox = await startSandbox();
    const recipients = ["421901000013", "421901000014", "12", "421901000000"].map((to) => ({ to }));
    const submitted = await call(sandbox, "POST", "messages", { body: { ...bulk, recipients } });
    expect(submitted).toMatchObject({ status: 200, body: { recipients: 4, duplicates_removed: 0 } });
    const query = { campaign_id: textAt(submitted.body, "campaign_id") };
    const { body } = await call(sandbox, "GET", "get_message", { query });
    expect(at(body, "data")).toEqual([expect.objectContaining({ to: "421901000000" })]);

    const none = { ...bulk, recipients: recipients.slice(0, 2) };
    expect(await call(sandbox, "POST", "messages", { body: none })).toMatchObject({ status: 403 });
  });

  it("a bulk request to the TikoSMS sandbox leaves out recipients after the first whose own request would not be kept", async () => {
    const sandbox = await startSandbox();
    const recipients = ["000", "009", "011", "012", "018", "019"].map((suffix) => ({
      to: `421901000${suffix}`,
    }));
    const submitted = await call(sandbox, "POST", "messages", { body: { ...bulk, recipients } });
    expect(submitted).toMatchObject({ status: 200, body: { recipients: 6 } });
    const query = { campaign_id: textAt(submitted.body, "campaign_id") };
    const { body } = await call(sandbox, "GET", "get_message", { query });
    const kept = ["000", "009", "012", "019"].map((suffix) => ({ to: `421901000${suffix}` }));
    expect(at(body, "data")).toMatchObject(kept);
  });

  it("a bulk request to the TikoSMS sandbox takes 100,000 recipients and not one more", async () => {
    const sandbox = await startSandbox({ clock: createManualClock("2025-08-11T13:12:34Z") });
    const recipients = Array.from({ length: 100_000 }, (_, index) => ({ to: String(380500000100 + index) }));
    const body = { ...bulk, recipients };
    const accepted = await call(sandbox, "POST", "messages", { body });
    expect(accepted).toMatchObject({ status: 200, body: { recipients: 100_000, duplicates_removed: 0 } });
    recipients.push({ to: "380509999999" });
    expect(await call(sandbox, "POST", "messages", { body })).toMatchObject({ status: 422 });
  });

  it.each(["2025-08-12 10:00:00", "2025-08-12T10:00:00Z", "2025-08-12T12:00:00+02:00"])(
    "the TikoSMS sandbox starts a campaign scheduled at %s when it is time",
    async (scheduledAt) => {
      const clock = createManualClock("2025-08-12T09:00:00Z");
      const [sandbox, callbacks] = [await startSandbox({ clock }), await startReceiver()];
      const recipients = [{ to: "380501234567", callback_url: callbacks.url }];
      const body = { ...bulk, recipients, scheduled_at: scheduledAt };
      const submitted = await call(sandbox, "POST", "messages", { body });
      const query = { campaign_id: textAt(submitted.body, "campaign_id") };
      expect(await call(sandbox, "GET", "get_messages", { query })).toMatchObject({ status: 200 });
      expect(await call(sandbox, "GET", "get_message", { query })).toMatchObject({ status: 404 });
      expect(await clock.pending(1)).toEqual([3_600_000]);

      clock.advance(3_600_000);
      await callbacks.take(2);
      const found = await call(sandbox, "GET", "get_message", { query });
      expect(at(found.body, "data", 0)).toMatchObject({ status: "DELIVRD", sent_at: "2025-08-12 10:00:00" });
    },
  );

  it("the TikoSMS sandbox starts a campaign at once when its time has passed", async () => {
    const [sandbox, callbacks] = [await startSandbox(), await startReceiver()];
    const recipients = [{ to: "380501234567", client_ref: "order-1" }];
    const scheduled = { callback_url: callbacks.url, scheduled_at: "2025-08-12 10:00:00" };
    await call(sandbox, "POST", "messages", { body: { ...bulk, recipients, ...scheduled } });
    expect(await callbacks.take(2)).toHaveLength(2);
  });
});
