import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";

/**
 * A TikoSMS that accepts everything at once, in a process of its own, so that a benchmark of the sender does not
 * pay for the provider. Tells its parent where it listens.
 */
const server = createServer((request, response) => {
  request.resume().once("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ success: true, ...answerTo(request.url ?? "") }));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

function answerTo(url: string): object {
  if (url.endsWith("/messages")) return { campaign_id: randomUUID() };
  // Of messages that it took a minute ago it has no news.
  if (url.includes("/get_message")) return { data: [] };
  return { message_id: randomUUID(), campaign_id: randomUUID() };
}
