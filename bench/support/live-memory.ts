import { once } from "node:events";
import { WebSocket } from "ws";

/** Bytes that are in use in a process after a full collection, asked of its debugger. */
export async function liveBytes(debuggerUrl: string): Promise<number> {
  const socket = new WebSocket(debuggerUrl);
  await once(socket, "open");
  let id = 0;
  const ask = async (method: string, params: object = {}): Promise<{ result: { value?: unknown } }> => {
    socket.send(JSON.stringify({ id: ++id, method, params }));
    for (;;) {
      const [data] = (await once(socket, "message")) as [Buffer];
      const answer = JSON.parse(data.toString("utf8")) as { id?: number; result: never };
      if (answer.id === id) return answer.result;
    }
  };
  // What the first one makes free of buffers and weak references, the second one collects.
  await ask("HeapProfiler.collectGarbage");
  await ask("HeapProfiler.collectGarbage");
  const expression = "{ const { heapUsed, external } = process.memoryUsage(); heapUsed + external }";
  const { result } = await ask("Runtime.evaluate", { expression, returnByValue: true });
  socket.terminate();
  return Number(result.value);
}
