import type { HttpServer } from "./http-server.ts";
import { qikliScenarios, startQikliSandbox } from "./qikli/index.ts";
import type { Scenario } from "./scenarios.ts";
import type { SandboxOptions } from "./start.ts";
import { startTelekomSandbox, telekomScenarios } from "./telekom/index.ts";
import { startTikosmsSandbox, tikosmsScenarios } from "./tikosms/index.ts";
import { startTonkraSandbox, tonkraScenarios } from "./tonkra/index.ts";

export interface TwinOptions extends SandboxOptions {
  /** The token or password clients must send; drawn when absent. */
  secret?: string;
  /** Everything that a provider takes its time for happens at once. */
  immediate?: boolean;
}

/** A sandbox that runs, with what a client needs to connect to it. */
export interface RunningTwin extends HttpServer {
  /** Credentials under the names that the provider's connection settings have. */
  credentials: Record<string, string>;
  /** Where the provider keeps the callback URL with the account and not with each message. */
  setCallbackUrl?: (url: string) => void;
}

/** The stand-in of one provider's API. */
export interface Twin {
  kind: string;
  title: string;
  scenarios: readonly Scenario<object>[];
  start(options: TwinOptions): Promise<RunningTwin>;
  /** A request to try it with. */
  example(twin: RunningTwin): string;
}

const json = "-H 'Content-Type: application/json' -H 'Accept: application/json'";
const text = "Your OTP is 1234";

/** Every provider's stand-in: one entry each. */
export const twins: readonly Twin[] = [
  {
    kind: "TIKOSMS",
    title: "TikoSMS",
    scenarios: tikosmsScenarios,
    async start({ secret, immediate, ...options }) {
      const server = await startTikosmsSandbox({
        ...options,
        token: secret,
        ...(immediate && { delays: { createMs: 0, updateMs: 0 } }),
      });
      return { ...server, credentials: { apiToken: server.token } };
    },
    example: ({ url, credentials }) =>
      `curl ${url}/v1/message -H 'Authorization: Bearer ${credentials["apiToken"]}' ${json} ` +
      `-d '${JSON.stringify({ from: "MySender", to: "421901000000", message: text })}'`,
  },
  {
    kind: "TONKRA",
    title: "Tonkra",
    scenarios: tonkraScenarios,
    async start({ secret, immediate, ...options }) {
      const server = await startTonkraSandbox({
        ...options,
        token: secret,
        ...(immediate && { reportMs: 0 }),
      });
      return { ...server, credentials: { apiToken: server.token } };
    },
    example: ({ url, credentials }) => {
      const message = { recipient: "421901000000", sender_id: "MySender", type: "plain", message: text };
      const body = JSON.stringify({ api_token: credentials["apiToken"], ...message });
      return `curl ${url}/api/http/sms/send ${json} -d '${body}'`;
    },
  },
  {
    kind: "TELEKOM",
    title: "Telekom SK",
    scenarios: telekomScenarios,
    async start({ secret, immediate, ...options }) {
      const server = await startTelekomSandbox({
        ...options,
        token: secret,
        ...(immediate && { delays: { sentMs: 0, finalMs: 0 } }),
      });
      return { ...server, credentials: { token: server.token } };
    },
    example: ({ url, credentials }) =>
      `curl ${url}/json/send_message ${json} ` +
      `-d '${JSON.stringify({ token: credentials["token"], to: "421901000000", text })}'`,
  },
  {
    kind: "QIKLI",
    title: "Qikli",
    scenarios: qikliScenarios,
    async start({ secret, immediate, ...options }) {
      const server = await startQikliSandbox({
        ...options,
        password: secret,
        ...(immediate && { delays: { reportMs: 0, batchMs: 0 } }),
      });
      return { ...server, credentials: { username: server.username, password: server.password } };
    },
    example({ url, credentials }) {
      const message = { from: "MySender", destinations: [{ to: "421901000000" }], text };
      const body = JSON.stringify({ messages: [message] });
      const login = `${credentials["username"]}:${credentials["password"]}`;
      return `curl ${url}/sms/2/text/advanced -u '${login}' ${json} -d '${body}'`;
    },
  },
];
