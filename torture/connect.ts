import type { Fleet } from "./fleet.ts";
import type { Provider } from "./providers.ts";

/** What a connection has that others have not. */
const own: Readonly<Record<string, object>> = { QIKLI: { logs: true }, TELEKOM: { useSession: true } };

/** Connects every provider, by the way to it that breaks. `usual` are settings of every connection. */
export async function connectAll(
  fleet: Fleet,
  providers: readonly Provider[],
  usual: object = {},
): Promise<void> {
  const [client] = fleet.clients;
  for (const provider of providers) {
    const { twin, server, road } = provider;
    const settings = {
      ...server.credentials,
      ...usual,
      ...own[twin.kind],
      baseUrl: road.url,
      defaultSender: "smsgraph",
    };
    const input = { [twin.kind.toLowerCase()]: { name: twin.title, ...settings } };
    const data = await client?.data<{
      connectProvider: { id: string; callbackUrl: string | null; message?: string };
    }>(
      `mutation ($input: ConnectProviderInput!) {
        connectProvider(input: $input) { ... on Provider { id callbackUrl } ... on Error { message } }
      }`,
      { input },
    );
    if (!data?.connectProvider.id) throw new Error(`${twin.title}: ${data?.connectProvider.message}`);
    provider.id = data.connectProvider.id;
    if (data.connectProvider.callbackUrl) server.setCallbackUrl?.(data.connectProvider.callbackUrl);
  }
}
