import { cacheExchange, Client, fetchExchange } from "@urql/core";
import { createContext, use, type ReactNode } from "react";
import { createClient, type Client as Smsgraph, type ConnectionState } from "smsgraph";
import { SmsgraphProvider } from "smsgraph/react";
import { smsgraphExchange } from "smsgraph/urql";
import { Provider } from "urql";
import { ViewerDocument, type ApiScope, type ViewerQuery } from "./gql/graphql.ts";
import { createStore, type Store } from "./store.ts";

/** Everything that hangs on one API key. */
export interface Session {
  key: string;
  viewer: ViewerQuery["viewer"];
  client: Client;
  smsgraph: Smsgraph;
  connection: Store<ConnectionState | undefined>;
}

/** For this tab only: another tab, and the next start of the browser, know nothing of it. */
const storedKey = "smsgraph:key";

/** The session of the tab; undefined before signing in. */
export const session = createStore<Session | undefined>(undefined);

/** @returns why the key is refused, in the API's words */
export async function signIn(key: string): Promise<string | undefined> {
  const connection = createStore<ConnectionState | undefined>(undefined);
  const smsgraph = createClient({ url: "/graphql", key, onState: connection.set });
  const client = new Client({
    url: "/graphql",
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${key}` } },
    exchanges: [cacheExchange, fetchExchange, smsgraphExchange(smsgraph)],
  });
  const { data, error } = await client.query(ViewerDocument, {}).toPromise();
  if (!data) {
    if (error?.graphQLErrors.length) sessionStorage.removeItem(storedKey);
    return error?.graphQLErrors[0]?.message ?? error?.message ?? "The server does not answer.";
  }
  sessionStorage.setItem(storedKey, key);
  session.set({ key, viewer: data.viewer, client, smsgraph, connection });
  return undefined;
}

export function signOut(): void {
  sessionStorage.removeItem(storedKey);
  // Sockets and everything in memory go with the page.
  location.assign("/");
}

export const keyOfTab = (): string | null => sessionStorage.getItem(storedKey);

const SessionContext = createContext<Session | undefined>(undefined);

export const SessionProvider = ({ value, children }: { value: Session; children: ReactNode }) => (
  <SessionContext value={value}>
    <SmsgraphProvider client={value.smsgraph}>
      <Provider value={value.client}>{children}</Provider>
    </SmsgraphProvider>
  </SessionContext>
);

export function useSession(): Session {
  const value = use(SessionContext);
  if (!value) throw new Error("There is no session here.");
  return value;
}

/** Whether the key has one of these scopes. What it may not do is not shown. */
export const useMay = (...anyOf: readonly ApiScope[]): boolean => {
  const { scopes } = useSession().viewer;
  return anyOf.some((scope) => scopes.includes(scope));
};
