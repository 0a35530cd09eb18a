import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import type { Browser } from "./browser.ts";

/** A browser that looks at the console of a server. */
export interface ConsoleDriver {
  /** Of a path of the console. */
  address(path: string): string;
  openTab(): Promise<Page>;
  signIn(tab: Page, key?: string): Promise<void>;
  /** What pages complained of, or asked of anyone but the server. */
  problems: readonly string[];
}

export function driveConsole({ context }: Browser, url: string): ConsoleDriver {
  const problems: string[] = [];
  const { host: ownHost } = new URL(url);
  const address = (path: string): string => new URL(path, url).href;
  context.setDefaultTimeout(120_000);
  return {
    address,
    problems,
    async openTab() {
      const tab = await context.newPage();
      tab.on("pageerror", ({ message }) => problems.push(message));
      tab.on("console", (line) => {
        // A server that is away is reported by the browser itself.
        if (line.type() === "error" && !/ERR_CONNECTION|Failed to load|WebSocket/.test(line.text()))
          problems.push(line.text());
      });
      tab.on("request", (request) => {
        const { host, protocol } = new URL(request.url());
        if (/^(http|ws)/.test(protocol) && host !== ownHost) problems.push(request.url());
      });
      return tab;
    },
    async signIn(tab, key) {
      await tab.goto(address("/"));
      if (key !== undefined) await tab.getByLabel("API key").fill(key);
      await tab.getByRole("button", { name: "Open the console" }).click();
      await tab.getByRole("button", { name: "Sign out" }).waitFor();
    },
  };
}

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Opens pages in both themes, at the width of a desk and of a phone, and says what is wrong with them. */
export async function inspectPages(page: Page, urls: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const url of urls) {
    await page.goto(url);
    await page.getByRole("main").locator("h1").first().waitFor();
    await page.locator(".loading").first().waitFor({ state: "detached" });
    found.push(...(await inspectPage(page, url)));
  }
  return found;
}

/** The same of what is open now. */
export async function inspectPage(page: Page, name: string): Promise<string[]> {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const found: string[] = [];
  await page.evaluate(axe);
  for (const [colorScheme, width] of [["light", 1440] as const, ["dark", 390] as const]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    if (Number(wider) > 0) found.push(`${name} is ${String(wider)} pixels wider than a screen of ${width}`);
    const { violations } = (await page.evaluate("axe.run()")) as { violations: Violation[] };
    for (const { id, nodes } of violations)
      found.push(
        ...nodes.map(
          ({ html, failureSummary }) => `${name} ${colorScheme}: ${id}: ${html} ${failureSummary}`,
        ),
      );
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}
