import type { Fleet } from "./fleet.ts";
import type { Provider } from "./providers.ts";

/** What a connection has that others have not. */
const own: Readonly<Record<string, object>> = { QIKLI: { logs: true }, TELEKOM: { useSession: true } };

/** What connects to a provider. */
export interface Connectable {
  kind: string;
  title: string;
  url: string;
  credentials: Readonly<Record<string, string>>;
}

/** Connects a provider. `usual` are settings of every connection. */
export async function connect(
  { clients: [client] }: Fleet,
  { kind, title, url: baseUrl, credentials }: Connectable,
  usual: object = {},
): Promise<{ id: string; callbackUrl: string | null }> {
  const settings = { ...credentials, ...usual, ...own[kind], baseUrl, defaultSender: "smsgraph" };
  const input = { [kind.toLowerCase()]: { name: title, ...settings } };
  const data = await client?.data<{
    connectProvider: { id: string; callbackUrl: string | null; message?: string };
  }>(
    `mutation ($input: ConnectProviderInput!) {
      connectProvider(input: $input) { ... on Provider { id callbackUrl } ... on Error { message } }
    }`,
    { input },
  );
  if (!data?.connectProvider.id) throw new Error(`${title}: ${data?.connectProvider.message}`);
  return data.connectProvider;
}

/** Connects every provider, by the way to it that breaks. */
export async function connectAll(fleet: Fleet, providers: readonly Provider[]): Promise<void> {
  for (const provider of providers) {
    const { twin, server, road } = provider;
    const { kind, title } = twin;
    const { credentials } = server;
    const { id, callbackUrl } = await connect(fleet, { kind, title, url: road.url, credentials });
    provider.id = id;
    if (callbackUrl) server.setCallbackUrl?.(callbackUrl);
  }
}
