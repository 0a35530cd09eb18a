import type { BookEntry } from "./book.ts";
import type { HttpServer } from "./http-server.ts";
import { qikliScenarios, startQikliSandbox } from "./qikli/index.ts";
import type { Scenario } from "./scenarios.ts";
import type { SandboxOptions } from "./start.ts";
import { startTelekomSandbox, telekomScenarios } from "./telekom/index.ts";
import { startTikosmsSandbox, tikosmsScenarios } from "./tikosms/index.ts";
import { startTonkraSandbox, tonkraScenarios } from "./tonkra/index.ts";

interface TwinOptions extends SandboxOptions {
  /** The required token or password; random by default. */
  secret?: string;
  /** Removes the provider's delays. */
  immediate?: boolean;
  /** Values of the settings in `choices`, as text. */
  chosen?: Readonly<Record<string, string>>;
}

/** A setting that one of the sandboxes has. */
interface Choice {
  /** The allowed values, the default first; absent: any text. */
  values?: readonly string[];
  description: string;
}

/** A running sandbox, with what a client needs to connect to it. */
export interface RunningTwin extends HttpServer {
  /** Credentials, named as in the provider's connection settings. */
  credentials: Record<string, string>;
  /** For a provider that keeps the callback URL with the account and not with each message. */
  setCallbackUrl?: (url: string) => void;
  /** Every message that the sandbox accepted and still has. */
  book(): BookEntry[];
}

/** The sandbox of one provider's API. */
export interface Twin {
  kind: string;
  title: string;
  scenarios: readonly Scenario<object>[];
  choices: Readonly<Record<string, Choice>>;
  start(options: TwinOptions): Promise<RunningTwin>;
  /** An example request to try. */
  example(twin: RunningTwin): string;
}

const json = "-H 'Content-Type: application/json' -H 'Accept: application/json'";
const text = "Your OTP is 1234";

const tikosmsPrefixes = ["both", "/v1", "/api/v1"] as const;

const tonkraChoices = {
  version: { values: ["new", "old"], description: "which version of the platform" },
  singleSchedule: { values: ["ignored", "held"], description: "a time to send at, for one number" },
  bodies: { values: ["real", "literal"], description: "real bodies, or the documented placeholders" },
  balance: { values: ["units", "money", "unlimited"], description: "how the balance is printed" },
  apis: { values: ["both", "http", "v3"], description: "which of its two APIs are served" },
  timeZone: { description: "the zone of the account's profile; UTC unless given" },
};

/** The sandboxes of all providers, one entry each. */
export const twins: readonly Twin[] = [
  {
    kind: "TIKOSMS",
    title: "TikoSMS",
    scenarios: tikosmsScenarios,
    choices: { prefix: { values: tikosmsPrefixes, description: "which path prefix is served" } },
    async start({ secret, immediate, chosen = {}, ...options }) {
      const server = await startTikosmsSandbox({
        ...options,
        prefix: tikosmsPrefixes.find((prefix) => prefix === chosen["prefix"]),
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
    choices: tonkraChoices,
    async start({ secret, immediate, chosen = {}, ...options }) {
      const server = await startTonkraSandbox({
        ...options,
        variant: chosen,
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
    choices: {
      timeZone: { description: "the zone of its times without one; Europe/Bratislava unless given" },
      refusedAddress: { description: "refuses every call as one from this address" },
    },
    async start({ secret, immediate, chosen = {}, ...options }) {
      const server = await startTelekomSandbox({
        ...options,
        timeZone: chosen["timeZone"],
        refusedAddress: chosen["refusedAddress"],
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
    choices: {
      username: { description: "who clients must say they are; sandbox unless given" },
      logs: { values: ["false", "true"], description: "whether /sms/1/logs is served, too" },
    },
    async start({ secret, immediate, chosen = {}, ...options }) {
      const server = await startQikliSandbox({
        ...options,
        username: chosen["username"],
        logs: chosen["logs"] === "true",
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
