import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import packagedChromium, { inflate } from "@sparticuz/chromium";
import { chromium, type BrowserContext, type LaunchOptions } from "playwright-core";

export interface Browser {
  context: BrowserContext;
  close(): Promise<void>;
}

const args = [
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** A headless Chromium with an empty profile of its own. */
export async function openBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "smsgraph-browser-"));
  const context = await launch(profile);
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Before tests that run side by side: one that is still being written does not start. */
export async function unpackBrowser(): Promise<void> {
  await candidates();
}

async function launch(profile: string): Promise<BrowserContext> {
  const problems: string[] = [];
  for (const candidate of await candidates()) {
    try {
      return await chromium.launchPersistentContext(profile, {
        args,
        chromiumSandbox: false,
        headless: true,
        viewport: { width: 1440, height: 900 },
        // Without one, a bare machine gives pages a language that no formatter knows.
        locale: "en-GB",
        ...candidate,
      });
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new Error(`No Chrome or Chromium starts. Set CHROME_PATH to one.\n${problems.join("\n")}`);
}

/** The one that npm has brought, where there is one for the system; else what is installed. */
async function candidates(): Promise<LaunchOptions[]> {
  // oxlint-disable-next-line node/no-process-env
  const { CHROME_PATH } = process.env;
  if (CHROME_PATH) return [{ executablePath: CHROME_PATH }];
  if (process.platform === "linux" && process.arch === "x64") return [await packaged()];
  return ["chrome", "chromium", "msedge"].map((channel) => ({ channel }));
}

/** The package carries its fonts and libraries too, so that a bare machine has all it needs. */
async function packaged(): Promise<LaunchOptions> {
  const executablePath = await packagedChromium.executablePath();
  const build = dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium"));
  const libraries = await inflate(join(build, "..", "bin", "al2023.tar.br"));
  const fonts = join(dirname(executablePath), "fonts");
  const env = { LD_LIBRARY_PATH: join(libraries, "lib"), FONTCONFIG_PATH: fonts, HOME: tmpdir() };
  return { executablePath, env };
}
