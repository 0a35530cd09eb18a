import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A way to a server that can be broken. */
export interface TcpProxy {
  port: number;
  /** Connections that were let through so far. */
  count(): number;
  /** Breaks every connection there is. */
  cut(): void;
  /** Breaks every connection, and each new one at once, until `mend`. */
  break(): void;
  mend(): void;
  close(): Promise<void>;
}

export interface TcpProxyOptions {
  /** After how many bytes from the server a connection breaks, in the midst of a frame or not; absent: it does not. */
  cutAfterBytes?: () => number;
}

export async function startTcpProxy(
  targetPort: number,
  { cutAfterBytes }: TcpProxyOptions = {},
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isBroken = false;
  let count = 0;
  const server = createServer((socket) => {
    if (isBroken) return socket.destroy();
    count++;
    const other = connect(targetPort, "127.0.0.1");
    if (cutAfterBytes) cutLater(other, socket, cutAfterBytes());
    for (const [one, another] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(another);
      one.on("error", () => undefined);
      one.on("close", () => {
        sockets.delete(one);
        another.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const breakAll = (): void => {
    isBroken = true;
    cut();
  };
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    cut,
    break: breakAll,
    mend() {
      isBroken = false;
    },
    async close() {
      breakAll();
      server.close();
      await once(server, "close");
    },
  };
}

/** Lets the first bytes through, then no more. */
function cutLater(from: Socket, to: Socket, limit: number): void {
  let left = limit;
  from.prependListener("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left > 0) return;
    from.unpipe(to);
    to.write(chunk.subarray(0, chunk.length + left), () => to.destroy());
  });
}
