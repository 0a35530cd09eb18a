import type { GraphQLParams, Plugin } from "graphql-yoga";
import { documentIdOf, documentOf, type DocumentPolicy, type DocumentRequest } from "../document-ids.ts";

/** Puts the trusted document in the place of its id. */
export function trustDocuments(policy: DocumentPolicy): Plugin {
  return {
    onParams({ params, request, setParams }) {
      const asked: DocumentRequest = { ...inUrl(request), ...(params as DocumentRequest) };
      if (!policy.trustedOnly && documentIdOf(asked) === undefined) return;
      const text = documentOf(asked, policy);
      if (text === undefined) return;
      const { operationName, variables, extensions } = params;
      setParams({ query: text, operationName, variables, extensions } as GraphQLParams);
    },
  };
}

/** Yoga reads only the parameters it knows from the address. */
function inUrl({ method, url }: Request): DocumentRequest {
  if (method !== "GET") return {};
  return Object.fromEntries(URL.parse(url)?.searchParams ?? []);
}
