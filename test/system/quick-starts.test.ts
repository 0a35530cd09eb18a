import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { createServer } from "vite";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { openBrowser } from "../support/browser.ts";
import { createCampaign } from "../support/campaigns.ts";
import { eventually, freePort } from "../support/process.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

/** Within the project, so that the programs find their libraries. */
const folder = resolve("test-results/quick-starts");
let app: TestApp;
let closeSandbox: () => Promise<unknown>;
let origin: string;
let programs: string[];

beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  const web = {
    allowedOrigins: [origin],
    allowedHosts: [],
    console: true,
    graphiql: true,
    introspection: "everyone" as const,
  };
  app = await startTestApp({ web: { ...web, metrics: true, metricsToken: undefined } });
  const { sandbox } = await connectTestSandbox(app);
  closeSandbox = () => sandbox.close();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const text = await readFile("packages/client/README.md", "utf8");
  const blocks = [...text.matchAll(/^```jsx?\n(.+?)^```$/gms)].map(([, code = ""]) => code);
  programs = blocks.map((code) =>
    code.replaceAll("http://localhost:4000", app.url).replaceAll("sg_…", app.key),
  );
});

afterAll(async () => {
  await app.stop();
  await closeSandbox();
});

const programWith = (words: string): string => {
  const found = programs.find((code) => code.includes(words));
  if (found === undefined) throw new Error(`No program of the README has ${words}`);
  return found;
};

const send = () =>
  app.client.data(
    `mutation { sendMessage(input: { to: "+421901000000", text: "Hello" }) { ... on Message { id } } }`,
  );

it.each([
  ["programs", "client.send(", /\+421901000000 DELIVERED/],
  ["programs with a store", "fileStore(", /Hello DELIVERED/],
  ["urql", "smsgraph/urql", /\+421901000000 DELIVERED/],
  ["Apollo Client", "smsgraph/apollo", /\+421901000000 DELIVERED/],
])(
  "the quick start for %s of the client's README runs as it stands",
  async (_what, words, expected) => {
    const file = join(folder, `${words.replace(/\W/g, "")}.mjs`);
    await writeFile(file, programWith(words));
    let output = "";
    const child = spawn(process.execPath, [file], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    await eventually(() => app.services.streams.size === 1 || child.exitCode !== null);
    await send();
    await eventually(() => expected.test(output) || child.exitCode !== null);
    expect(output).toMatch(expected);
    expect(output).not.toMatch(/error|warn|invariant/i);
    child.kill("SIGKILL");
    await eventually(() => app.services.streams.size === 0);
  },
  300_000,
);

it("the quick start for Relay of the client's README makes an environment", async () => {
  const file = join(folder, "relay.mjs");
  await writeFile(file, programWith("smsgraph/relay"));
  const { environment } = (await import(file)) as { environment: { getNetwork: () => object } };
  expect(environment.getNetwork()).toMatchObject({ execute: expect.any(Function) });
});

/** Opens a React page in a browser, behind a proxy that can cut its connections. */
async function openPage(name: string, program: string) {
  const page = join(folder, name);
  await mkdir(page, { recursive: true });
  const proxy = await startTcpProxy(Number(new URL(app.url).port));
  onTestFinished(() => proxy.close());
  await writeFile(join(page, "main.jsx"), program.replaceAll(app.url, `http://127.0.0.1:${proxy.port}`));
  await writeFile(
    join(page, "index.html"),
    '<div id="root"></div><script type="module" src="/main.jsx"></script>',
  );
  const server = await createServer({
    configFile: false,
    root: page,
    cacheDir: join(folder, "vite"),
    logLevel: "silent",
    server: { host: "127.0.0.1", port: Number(new URL(origin).port), strictPort: true },
    oxc: { jsx: { runtime: "automatic" } },
  });
  onTestFinished(() => server.close());
  await server.listen();
  const browser = await openBrowser();
  onTestFinished(() => browser.close());
  const tab = await browser.context.newPage();
  const problems: string[] = [];
  tab.on("pageerror", ({ message }) => problems.push(message));
  await tab.goto(origin);
  return { tab, proxy, problems };
}

it("the quick start for React of the client's README shows events and the newest message as they change", async () => {
  const { tab, proxy, problems } = await openPage("page", programWith("smsgraph/react"));
  await tab.getByText("live", { exact: true }).waitFor();
  proxy.cut();
  await send();
  await tab.getByText("+421901000000 DELIVERED").waitFor();
  await tab.getByText("The newest: Hello, DELIVERED").waitFor();
  // The order is the log's, and receipts overtake each other there.
  const lines = await tab.getByRole("listitem").allTextContents();
  const statuses = ["DELIVERED", "QUEUED", "SENT", "SUBMITTED", "SUBMITTING"];
  expect(lines.toSorted()).toEqual(statuses.map((status) => `+421901000000 ${status}`));
  expect(problems).toEqual([]);
}, 300_000);

it("useCampaignProgress shows a campaign's counts until all are delivered, over a cut connection", async () => {
  const recipients = Array.from({ length: 5 }, (_, index) => ({ to: `+42190100${index}000` }));
  const created = await createCampaign(app, { recipients, messagesPerSecond: 1 });
  const { tab, proxy, problems } = await openPage(
    "campaign",
    `import { createRoot } from "react-dom/client";
    import { createClient } from "smsgraph";
    import { SmsgraphProvider, useCampaignProgress } from "smsgraph/react";
    const client = createClient({ url: "${app.url}", key: "${app.key}" });
    function Progress() {
      const { value, error } = useCampaignProgress("${created.id}");
      return <p>{error ? error.message : value ? value.name + ": " + value.counts.delivered + " of " + value.counts.total : "nothing yet"}</p>;
    }
    createRoot(document.getElementById("root")).render(<SmsgraphProvider client={client}><Progress /></SmsgraphProvider>);`,
  );
  await tab.getByText(/^Spring: \d of 5$/).waitFor();
  proxy.cut();
  await tab.getByText("Spring: 5 of 5", { exact: true }).waitFor();
  expect(problems).toEqual([]);
}, 300_000);
