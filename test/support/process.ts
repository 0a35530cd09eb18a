import { randomInt } from "node:crypto";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const lookEveryMs = 20;

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** How a process ended. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** smsgraph as a process of its own, as a person or a container starts it. */
export interface SmsgraphProcess {
  child: ChildProcess;
  pid: number;
  /** What it printed so far, on both streams. */
  output(): string;
  /** Resolves when it has printed its greeting. Fails when it ends before. */
  ready: Promise<void>;
  ended: Promise<Ending>;
  /** The address in its greeting. */
  url(): string;
  /** The development key in its greeting. */
  key(): string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ending>;
}

/** Starts `src/main.ts` with these variables and nothing else from this process's own environment. */
export function startProcess(variables: Record<string, string>, ...options: string[]): SmsgraphProcess {
  // oxlint-disable-next-line node/no-process-env
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [main, ...options], {
    env: { PATH, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.includes("smsgraph is running")) resolve();
      });
    }
    void ended.then(({ code, signal }) =>
      reject(new Error(`smsgraph ended before it was ready (${code ?? signal}): ${output}`)),
    );
  });
  // A process that a test expects to fail is never asked whether it was ready.
  ready.catch(() => undefined);
  const find = (pattern: RegExp): string => pattern.exec(output)?.[1] ?? "";
  return {
    child,
    pid: child.pid ?? 0,
    output: () => output,
    ready,
    ended,
    url: () => find(/GraphiQL\s+(\S+)\/graphql/),
    key: () => find(/API key\s+(\S+)/),
    async end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Below those that systems give to outgoing connections: such a one could take it while a process is restarted. */
const ports = { from: 10_000, to: 32_000 };

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports.from, ports.to);
    const probe = createServer().listen(port, "127.0.0.1");
    const isFree = await once(probe, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until `check` says true, looking often: what it waits for takes as long as it takes. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  { timeoutSeconds = 120 } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutSeconds} s: ${String(check)}`);
    await new Promise((done) => setTimeout(done, lookEveryMs));
  }
}
