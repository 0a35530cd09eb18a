import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { request } from "undici";

const main = fileURLToPath(new URL("../../src/sandbox/main.ts", import.meta.url));

function run(...options: string[]) {
  return spawn(process.execPath, [main, ...options], { stdio: ["ignore", "pipe", "pipe"] });
}

// Each starts a process and mostly waits for it.
describe.concurrent("the sandbox command", () => {
  it("the sandbox command prints where it listens, serves, and ends on Ctrl-C", async () => {
    const sandbox = run("--port", "0", "--token", "secret", "--provider", "tikosms");
    try {
      let output = "";
      sandbox.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      while (!output.includes("Ctrl-C stops it.")) await once(sandbox.stdout, "data");
      expect(output).toContain("apiToken secret");
      expect(output).toMatch(/^ {2}017 {2}callbacks lost .* DELIVERED/m);
      const [url = ""] = /http:\S+/.exec(output) ?? [];
      const headers = { authorization: "Bearer secret" };
      const { statusCode, body } = await request(`${url}/v1/balance`, { headers });
      await body.dump();
      expect(statusCode).toBe(200);
      sandbox.kill("SIGINT");
      expect(await once(sandbox, "exit")).toEqual([0, null]);
    } finally {
      sandbox.kill("SIGKILL");
    }
  });

  it("the sandbox command serves all providers side by side", async () => {
    const sandbox = run("--port", "0");
    try {
      let output = "";
      sandbox.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      while (!output.includes("Ctrl-C stops it.")) await once(sandbox.stdout, "data");
      expect(output.match(/sandbox at http:/g)).toHaveLength(4);
      sandbox.kill("SIGTERM");
      expect(await once(sandbox, "exit")).toEqual([0, null]);
    } finally {
      sandbox.kill("SIGKILL");
    }
  });

  it("the sandbox command takes what a provider has to choose", async () => {
    const sandbox = run(
      "--port",
      "0",
      "--provider",
      "qikli",
      "--token",
      "secret",
      "--set",
      "logs=true",
      "--immediate",
    );
    try {
      let output = "";
      sandbox.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      while (!output.includes("Ctrl-C stops it.")) await once(sandbox.stdout, "data");
      const [url = ""] = /http:\S+/.exec(output) ?? [];
      const authorization = `Basic ${Buffer.from("sandbox:secret").toString("base64")}`;
      const { statusCode, body } = await request(`${url}/sms/1/logs`, { headers: { authorization } });
      expect(await body.json()).toEqual({ results: [] });
      expect(statusCode).toBe(200);
    } finally {
      sandbox.kill("SIGKILL");
    }
  });

  it("the sandbox command explains its options", async () => {
    const sandbox = run("--help");
    const [output] = await Promise.all([text(sandbox.stdout), once(sandbox, "exit")]);
    for (const option of ["--port", "--host", "--token", "--seed", "--set logs"])
      expect(output).toContain(option);
    expect(sandbox.exitCode).toBe(0);
  });

  it.each([["--port", "high"], ["--provider", "nobody"], ["--set", "logs=maybe"], ["--unknown"]])(
    "the sandbox command refuses %s",
    async (...options) => {
      const sandbox = run(...options);
      const [problem] = await Promise.all([text(sandbox.stderr), once(sandbox, "exit")]);
      expect(problem).toContain(options[0]);
      expect(sandbox.exitCode).toBe(1);
    },
  );
});
