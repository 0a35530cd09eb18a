import { constants, existsSync, openAsBlob, readFileSync, type Stats } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { createClient, type Client, type ClientOptions } from "../client.ts";
import { problemOf, SmsgraphError } from "../errors.ts";

/** What the user can mend: its message is all that is shown. */
export class UsageError extends Error {}

export interface Command {
  /** One line for the list of commands. */
  does: string;
  help: string;
  run: (rest: string[]) => Promise<void>;
}

type Options = NonNullable<ParseArgsConfig["options"]>;

const accessOptions = {
  url: { type: "string" },
  key: { type: "string" },
} as const satisfies Options;

export const accessHelp = `  --url URL     where smsgraph is; default: SMSGRAPH_URL, else http://localhost:4000
  --key KEY     the API key; default: SMSGRAPH_KEY, else the development key of smsgraph started in this folder
  --help        this text
`;

/** Options and words of a command. @throws UsageError */
export function readArguments<Wanted extends Options>(args: string[], options: Wanted) {
  try {
    return parseArgs({ args, options: { ...accessOptions, ...options }, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

interface AccessValues {
  url?: string | undefined;
  key?: string | undefined;
}

/** @throws UsageError without a key */
export const connect = (values: AccessValues, more: Partial<ClientOptions> = {}): Client =>
  createClient({ ...accessOf(values), ...more });

/** A file of the server as it arrives. @throws UsageError when it is refused */
export async function download(values: AccessValues, path: string): Promise<ReadableStream<Uint8Array>> {
  const { url, key } = accessOf(values);
  const response = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${key}` } }).catch(
    (error: unknown) => {
      throw problemOf(error);
    },
  );
  if (response.ok && response.body) return response.body;
  throw new UsageError(`${path} was answered with ${response.status}: ${await response.text()}`);
}

/** @throws UsageError when there is no such file, or something else than a file */
export async function openFile(path: string): Promise<Blob> {
  try {
    const other = otherThanFile(await stat(path));
    if (other !== undefined) throw new UsageError(`${path} is ${other}. Name a file.`);
    // Opened as a blob, it is not read before it is sent.
    await access(path, constants.R_OK);
    return await openAsBlob(path);
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${path} cannot be read.`);
  }
}

/** Reading a pipe may wait for ever. */
function otherThanFile(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return "a directory";
  if (found.isFIFO()) return "a pipe";
  return found.isSocket() ? "a socket" : "a device";
}

function accessOf({ url, key }: AccessValues): { url: string; key: string } {
  const { SMSGRAPH_URL, SMSGRAPH_KEY } = process.env;
  const secret = key ?? (SMSGRAPH_KEY || developmentKey());
  if (!secret) throw new UsageError("There is no API key: give it with --key, or in SMSGRAPH_KEY.");
  const address = url ?? SMSGRAPH_URL ?? "http://localhost:4000";
  if (!URL.canParse(address))
    throw new UsageError(`${address} is not an address, as http://localhost:4000 is.`);
  return { url: address, key: secret };
}

/** Where the server keeps it that was started in this folder. */
function developmentKey(): string | undefined {
  const path = join(process.env["DATA_DIR"] ?? ".data", "development-key");
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

export const print = (line: string): void => void process.stdout.write(`${line}\n`);
export const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/** Ends with what a result says when it is one of the API's errors. @throws UsageError */
export function successOf<Result extends object>(result: Result): Exclude<Result, { message: string }> {
  const { code, message } = result as { code?: string; message?: string };
  if (code !== undefined && message !== undefined) throw new UsageError(`${message} (${code})`);
  return result as Exclude<Result, { message: string }>;
}

/** The words for what went wrong; undefined for a mistake of ours. */
export function wordsFor(
  error: unknown,
  url = process.env["SMSGRAPH_URL"] ?? "http://localhost:4000",
): string | undefined {
  if (error instanceof UsageError) return error.message;
  if (!(error instanceof SmsgraphError)) return undefined;
  return error.code === "UNREACHABLE"
    ? `Nothing answers at ${url} (${error.message}). Start smsgraph, or name its address with --url.`
    : `${error.message} (${error.code})`;
}
