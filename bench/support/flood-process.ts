import { once } from "node:events";
import { WebSocket } from "ws";
import type { FloodOrder, FloodReport } from "./flood.ts";

/** The other end of `Flood`: all operations at once on one socket, again and again until it is told to end. */

let over = new AbortController();

process.on("message", (order: FloodOrder | "end") => {
  if (order === "end") over.abort();
  else void run(order).then((report) => process.send?.(report));
});
process.on("disconnect", () => process.exit());

async function run(order: FloodOrder): Promise<FloodReport> {
  over = new AbortController();
  const total = { done: 0, refused: 0 };
  do {
    const { done, refused } = await ask(order);
    total.done += done;
    total.refused += refused;
  } while (!over.signal.aborted && !order.isOnce);
  return total;
}

async function ask({ url, headers, query, operations }: FloodOrder): Promise<FloodReport> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: headers }));
  await once(socket, "message");
  const ended = Promise.withResolvers<void>();
  let [done, refused] = [0, 0];
  socket.on("message", (data: Buffer) => {
    const text = data.toString("utf8", 0, 300);
    if (text.includes('"type":"complete"')) return;
    if (text.includes('"TOO_MANY_REQUESTS"')) refused++;
    else done++;
    if (done + refused === operations) ended.resolve();
  });
  for (let id = 0; id < operations; id++)
    socket.send(JSON.stringify({ type: "subscribe", id: String(id), payload: { query } }));
  await ended.promise;
  socket.close();
  return { done, refused };
}
