import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";

/**
 * A TikoSMS that accepts everything at once, in a process of its own, so that a benchmark of the sender does not
 * pay for the provider. Tells its parent where it listens.
 */
const server = createServer((request, response) => {
  request.resume().once("end", () => {
    const answer = request.url?.endsWith("/messages")
      ? { success: true, campaign_id: randomUUID() }
      : { success: true, message_id: randomUUID(), campaign_id: randomUUID() };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
