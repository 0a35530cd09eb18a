import { hash } from "node:crypto";
import { Kind, visit, type DocumentNode, type ValidatedSubscriptionArgs } from "graphql";
import type { Viewer } from "../../access/api-keys.ts";

/** Live subscriptions with the same key get the same answer for the same event. */
export function sharingKey(
  { document, operation, rawVariableValues }: ValidatedSubscriptionArgs,
  viewer: Viewer | undefined,
  withCursors: boolean,
): string {
  const unshared = startVariable(document);
  const variables = Object.entries(rawVariableValues ?? {}).filter(([name]) => name !== unshared);
  const text = document.loc?.source.body ?? "";
  const all = [text, operation.name?.value, rightsOf(viewer), withCursors, Object.fromEntries(variables)];
  // A hash: a document with a thousand ids would take too much memory for each subscription.
  return hash("sha256", canonicalJson(all), "base64");
}

/** What decides what a viewer may see. Different keys with the same rights give the same result. */
function rightsOf(viewer: Viewer | undefined): unknown {
  if (!viewer) return null;
  const { accountId, accountName, scopes, watches } = viewer;
  const rights = { accountId, accountName, watches };
  return { ...rights, scopes: [...scopes].toSorted() };
}

const startVariables = new WeakMap<DocumentNode, string | false>();

/**
 * The variable that only says where the stream starts, so live answers do not depend on it. It must be the
 * `after` of the subscription field and be used nowhere else.
 */
function startVariable(document: DocumentNode): string | undefined {
  let known = startVariables.get(document);
  if (known === undefined) startVariables.set(document, (known = findStartVariable(document) ?? false));
  return known === false ? undefined : known;
}

function findStartVariable(document: DocumentNode): string | undefined {
  const [operation, ...others] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || others.some(({ kind }) => kind === operation.kind))
    return undefined;
  const [field] = operation.selectionSet.selections;
  if (field?.kind !== Kind.FIELD) return undefined;
  const value = field.arguments?.find(({ name }) => name.value === "after")?.value;
  if (value?.kind !== Kind.VARIABLE) return undefined;
  let uses = 0;
  visit(document, { Variable: ({ name }) => void (name.value === value.name.value && uses++) });
  // Two uses: the definition and the argument.
  return uses === 2 ? value.name.value : undefined;
}

/** JSON that does not depend on the order of fields. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
