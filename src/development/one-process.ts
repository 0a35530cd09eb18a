import { once } from "node:events";
import { mkdir, rm, stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const answerMs = 1_000;

/**
 * Makes sure that one process at a time uses a data directory: it listens on a local socket and tells its number
 * there. The system takes the socket away when the process ends, however it ends. Returns how to let go.
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
  // The holder has just ended, or was killed where sockets are files.
  if (address.endsWith(".sock")) await rm(address, { force: true });
  return claimDirectory(directory);
}

/** Named for the directory itself, not for its path, which can differ between containers and mounts. */
async function socketOf(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const name = `smsgraph-${dev}-${ino}`;
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Undefined when someone listens there. */
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

/** The number of the process that listens there; undefined when there is none any more. */
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
