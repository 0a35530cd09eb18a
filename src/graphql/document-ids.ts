import { GraphQLError } from "graphql";
import type { ErrorCode } from "../lib/errors.ts";
import type { TrustedDocuments } from "../trusted/trusted-documents.ts";

/** A request as clients send it: with a document, or with what names one. */
export interface DocumentRequest {
  query?: unknown;
  extensions?: unknown;
  /** GraphQL over HTTP. Also `extensions.persistedQuery.sha256Hash` (Apollo), `id` and `doc_id` (Relay). */
  documentId?: unknown;
  id?: unknown;
  doc_id?: unknown;
}

/** Which documents may be executed. */
export interface DocumentPolicy {
  documents: TrustedDocuments;
  /** Nothing else is executed. */
  trustedOnly: boolean;
}

/** By what the request names its document; undefined when it does not. */
export function documentIdOf({ extensions, documentId, id, doc_id }: DocumentRequest): string | undefined {
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } | null };
  const given = [documentId, persistedQuery?.sha256Hash, id, doc_id].find((one) => typeof one === "string");
  return given?.replace(/^sha256:/, "");
}

/**
 * The text to execute; undefined when the request has none, and nothing is trusted under its id.
 * @throws GraphQLError when it is not trusted, and nothing else is executed
 */
export function documentOf(
  request: DocumentRequest,
  { documents, trustedOnly }: DocumentPolicy,
): string | undefined {
  const id = documentIdOf(request);
  const stored = id === undefined ? undefined : documents.find(id);
  if (stored !== undefined) return stored;
  const text = typeof request.query === "string" && request.query !== "" ? request.query : undefined;
  if (text !== undefined && (!trustedOnly || documents.has(text))) return text;
  // Apollo's clients send the text after the answer that they recognise; see `refusePersistedQueries`.
  if (!trustedOnly && (id === undefined || isAutomatic(request))) return undefined;
  throw untrusted(id);
}

const isAutomatic = ({ extensions }: DocumentRequest): boolean =>
  (extensions as { persistedQuery?: unknown } | undefined)?.persistedQuery != null;

const code = "UNTRUSTED_DOCUMENT" satisfies ErrorCode;

const untrusted = (id: string | undefined): GraphQLError =>
  new GraphQLError(
    (id === undefined
      ? "This server executes trusted documents only, and this is none of them. "
      : "There is no trusted document with this id. ") +
      "Who runs the server stores them with `npm run trust`.",
    { extensions: { code, http: { status: 400 } } },
  );
