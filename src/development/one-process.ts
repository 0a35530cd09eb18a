import { once } from "node:events";
import { mkdir, rm, stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A holder that is just starting reads its code first. */
const answerMs = 10_000;

/**
 * Makes sure that only one process uses a data directory. The process listens on a local socket and answers
 * with its pid. The system removes the socket however the process ends. Returns how to release it.
 */
export async function claimDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const address = await socketOf(directory);
  const server = await listenOn(address);
  if (server) return () => new Promise((done) => server.close(() => done()));
  const holder = await askHolder(address);
  if (holder !== undefined) {
    throw new Error(
      `smsgraph runs already with the data in ${directory} (process ${holder}). ` +
        "Stop it first, or set DATA_DIR to another folder.",
    );
  }
  // The holder has just ended. Where sockets are files, a killed holder left its file behind.
  if (address.endsWith(".sock")) await rm(address, { force: true });
  return claimDirectory(directory);
}

/** Named after the directory itself: its path can differ between containers and mounts. */
async function socketOf(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const name = `smsgraph-${dev}-${ino}`;
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Undefined when another process listens there. */
async function listenOn(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).end(String(process.pid));
  });
  server.listen(address);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
  return server.unref();
}

/** The pid of the process that listens there; undefined when it has gone. */
function askHolder(address: string): Promise<string | undefined> {
  return new Promise((done) => {
    let answer = "";
    const socket = connect(address).setEncoding("utf8");
    socket.on("data", (text: string) => (answer += text));
    socket.on("end", () => done(answer));
    socket.on("error", () => done(undefined));
    socket.setTimeout(answerMs, () => {
      socket.destroy();
      done("unknown");
    });
  });
}
