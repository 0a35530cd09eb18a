import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { isOpenedHere } from "./browser-guard.ts";
import { accepts, sendFile } from "./static-file.ts";
import { answer } from "./status.ts";

export interface ConsoleOptions {
  /** Where the built files are. */
  folder: string;
  /** Filled in for a person on this machine; undefined in production. */
  developmentKey: string | undefined;
  graphiql: boolean;
}

/** What the page learns of the server, in a `<meta>` that pages of other sites cannot read. */
interface PageSettings {
  developmentKey: string | undefined;
  development: boolean;
  graphiql: boolean;
}

/** Only our own files: no script, style or address of anyone else, nothing inline, and no frames. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Compressed when they were built, best first. */
const codings = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

const settingsTag = '<meta name="smsgraph" content="{}" />';

/**
 * The console's files. Only names that are in the folder when the process starts are ever read, so that no path
 * leads elsewhere. Addresses of its pages get the one HTML file, which finds the page by the address.
 */
export class ConsoleFiles {
  readonly #options: ConsoleOptions;
  readonly #names: ReadonlySet<string>;
  readonly #files = new Map<string, Promise<Buffer>>();

  /** Undefined when the console was not built. */
  static open(options: ConsoleOptions): ConsoleFiles | undefined {
    if (!existsSync(join(options.folder, "index.html"))) return undefined;
    const entries = readdirSync(options.folder, { recursive: true, encoding: "utf8" });
    return new ConsoleFiles(options, new Set(entries.map((name) => `/${name.replaceAll("\\", "/")}`)));
  }

  constructor(options: ConsoleOptions, names: ReadonlySet<string>) {
    this.#options = options;
    this.#names = names;
  }

  /** Whether a browser asks for one of the files, or opens a page. */
  has({ method, headers }: IncomingMessage, path: string): boolean {
    if (method !== "GET" && method !== "HEAD") return false;
    if (path === "/") return true;
    if (extname(path) !== "") return this.#names.has(path);
    return headers.accept?.includes("text/html") === true;
  }

  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    response.setHeader("content-security-policy", policy);
    const type = types[extname(path)];
    if (this.#names.has(path) && type !== undefined && path !== "/index.html")
      return this.#serveFile(request, response, { path, type });
    if (extname(path) !== "" && path !== "/index.html") return answer(response, 404, "not found");
    return this.#servePage(request, response);
  }

  async #serveFile(
    request: IncomingMessage,
    response: ServerResponse,
    { path, type }: { path: string; type: string },
  ): Promise<void> {
    const coding = codings.find(([name, suffix]) => accepts(request, name) && this.#names.has(path + suffix));
    const bytes = await this.#read(path + (coding?.[1] ?? ""));
    // The names of assets have a hash of their content.
    await sendFile(request, response, {
      type,
      bytes,
      coding: coding?.[0],
      isForEver: path.startsWith("/assets/"),
    });
  }

  /** Read once: all who ask, and leave it unread, share its bytes. */
  #read(name: string): Promise<Buffer> {
    const read = this.#files.get(name) ?? readFile(join(this.#options.folder, name));
    this.#files.set(name, read);
    read.catch(() => this.#files.delete(name));
    return read;
  }

  /** Never stored: it may have the development key, and names the newest files. */
  async #servePage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { folder, developmentKey, graphiql } = this.#options;
    const settings: PageSettings = {
      developmentKey: isOpenedHere(request) ? developmentKey : undefined,
      development: developmentKey !== undefined,
      graphiql,
    };
    const page = await readFile(join(folder, "index.html"), "utf8");
    const text = page.replace(settingsTag, () => settingsTag.replace("{}", escape(JSON.stringify(settings))));
    response.writeHead(200, { "content-type": types[".html"], "cache-control": "no-store" });
    response.end(request.method === "HEAD" ? undefined : text);
  }
}

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
