import { expect, it, onTestFinished } from "vitest";
import { openSettings } from "../../src/http/browser-guard.ts";
import { startTestApp } from "../support/app.ts";
import { freePort } from "../support/process.ts";

const metricsToken = "0123456789abcdef";

it("a worker alone tells on a port of its own how it is, and shows its metrics to who has the token", async () => {
  const workerPort = await freePort();
  const web = { ...openSettings, metrics: true, metricsToken };
  const app = await startTestApp({ runsApi: false, workerPort, web });
  onTestFinished(() => app.stop());
  const get = (path: string, headers = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${workerPort}${path}`, { headers });
  expect((await get("/healthz")).status).toBe(200);
  expect(await (await get("/readyz")).text()).toBe("ready\n");
  expect((await get("/metrics")).status).toBe(401);
  const shown = await get("/metrics", { authorization: `Bearer ${metricsToken}` });
  expect(await shown.text()).toContain("smsgraph_submission_seconds");
  expect((await get("/graphql")).status).toBe(404);
});
