import { createHash } from "node:crypto";
import {
  Kind,
  parse,
  print,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
} from "graphql";
import { z } from "zod";

/** An operation that somebody trusts, and where it was found. */
export interface FoundDocument {
  /** By what clients name it; the SHA-256 of its text is always among them. */
  ids: readonly string[];
  text: string;
  /** The name of its operation, or its id. */
  name: string;
  file: string;
}

/** A file that cannot be read as what it should be. */
export class UnreadableManifest extends Error {}

export interface SourceFile {
  path: string;
  text: string;
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Apollo's manifest. Source: apollographql.com/docs/react/data/persisted-queries (generate-persisted-query-manifest 1.x). */
const apolloManifest = z.object({
  format: z.literal("apollo-persisted-query-manifest"),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string(), name: z.string(), body: z.string() })),
});

/** What Relay's compiler (`persistConfig.file`) and graphql-codegen (`persisted-documents.json`) write: texts by their hashes. */
const textsById = z.record(z.string().min(1).max(200), z.string());

/** The documents in these files: manifests in JSON, and documents of GraphQL. @throws UnreadableManifest */
export function readManifests(files: readonly SourceFile[]): FoundDocument[] {
  const manifests = files.filter(({ path }) => path.endsWith(".json"));
  const documents = files.filter(({ path }) => !path.endsWith(".json"));
  return [...manifests.flatMap(readManifest), ...readDocuments(documents)];
}

function readManifest({ path: file, text }: SourceFile): FoundDocument[] {
  const content = parseJson(file, text);
  const apollo = apolloManifest.safeParse(content);
  if (apollo.success)
    return apollo.data.operations.map(({ id, name, body }) => ({
      ids: idsOf(body, id),
      text: body,
      name,
      file,
    }));
  const map = textsById.safeParse(content);
  if (map.success)
    return Object.entries(map.data).map(([id, body]) => ({
      ids: idsOf(body, id),
      text: body,
      name: nameIn(body) ?? id,
      file,
    }));
  throw new UnreadableManifest(
    `${file}: this is no manifest. Relay and graphql-codegen write {"<hash>": "<text>"}, Apollo writes ` +
      `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": […]}.`,
  );
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UnreadableManifest(`${file}: ${(error as Error).message}`);
  }
}

const idsOf = (text: string, ...others: string[]): string[] => [...new Set([sha256(text), ...others])];

const nameIn = (text: string): string | undefined =>
  /\b(?:query|mutation|subscription)\s+(\w+)/.exec(text)?.[1];

/** Each operation becomes a document with the fragments it uses, which may be in other files. */
function readDocuments(files: readonly SourceFile[]): FoundDocument[] {
  const parsed = files.map((file) => ({ ...file, document: parseFile(file) }));
  const fragments = new Map(
    parsed.flatMap(({ document }) =>
      document.definitions.flatMap((one) =>
        one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
      ),
    ),
  );
  return parsed.flatMap(({ path, text, document }) => {
    const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
    return operations.map((operation) => {
      const printed = printWith(operation, fragments);
      // A client that sends the file as it is has the hash of that.
      const asWritten = operations.length === 1 ? [sha256(text), sha256(text.trim())] : [];
      return {
        ids: idsOf(printed, ...asWritten),
        text: printed,
        name: operation.name?.value ?? "(unnamed)",
        file: path,
      };
    });
  });
}

function parseFile({ path, text }: SourceFile): DocumentNode {
  try {
    return parse(text, { noLocation: true });
  } catch (error) {
    throw new UnreadableManifest(`${path}: ${shorten((error as Error).message)}`);
  }
}

/** Messages repeat words and texts of a file, and one of them may be all of it. */
export const shorten = (message: string): string =>
  // First as a whole: a regular expression overflows its stack at a word of many megabytes.
  cut(message, 1_000).replaceAll(/\S{151,}/g, (word) => cut(word, 150));

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

function printWith(
  operation: OperationDefinitionNode,
  all: ReadonlyMap<string, FragmentDefinitionNode>,
): string {
  const used = new Set<FragmentDefinitionNode>();
  const collect = (node: OperationDefinitionNode | FragmentDefinitionNode): void => {
    visit(node, {
      FragmentSpread({ name }) {
        const fragment = all.get(name.value);
        if (!fragment || used.has(fragment)) return;
        used.add(fragment);
        collect(fragment);
      },
    });
  };
  collect(operation);
  return print({ kind: Kind.DOCUMENT, definitions: [operation, ...used] });
}
