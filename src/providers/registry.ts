import type {
  CallbackReading,
  ConnectionSettings,
  ProviderAdapter,
  ProviderCapabilities,
  ProviderClient,
  RevisableStatus,
  ServedWords,
  SharedState,
} from "./provider.ts";
import { excessOf } from "./callback-bounds.ts";
import { sensibleClient, withoutNonsense } from "./receipt-values.ts";
import { createProviderHttp, throttled, type ProviderHttpOptions, type AcquireSlot } from "./http.ts";
import { qikli } from "./qikli/index.ts";
import { telekom } from "./telekom/index.ts";
import { tikosms } from "./tikosms/index.ts";
import { tonkra } from "./tonkra/index.ts";

/** Time and size limits of the HTTP client; absent ones keep their defaults. */
export type HttpLimits = Omit<ProviderHttpOptions, "origin">;

/** A connected account at a provider, with its open HTTP connections. */
export interface OpenProvider {
  client: ProviderClient;
  /** The same account and connections, but each request waits for its slot. */
  throttledClient: ProviderClient;
  parseCallback(body: string, contentType?: string): CallbackReading;
  close(): Promise<void>;
}

/** An adapter whose settings type is hidden inside. */
export interface RegisteredProvider {
  kind: string;
  title: string;
  documentedBaseUrl: string;
  secretKeys: readonly string[];
  capabilities: ProviderCapabilities;
  revisable: RevisableStatus | undefined;
  served: ServedWords;
  senderProblem(sender: string, text: string): string | undefined;
  /**
   * @throws ZodError when these are not settings of this provider
   */
  parseSettings(settings: unknown): ConnectionSettings;
  open(settings: unknown, shared: SharedState, limits?: HttpLimits, acquireSlot?: AcquireSlot): OpenProvider;
}

const unlimited: AcquireSlot = () => Promise.resolve(true);

function register<Settings extends ConnectionSettings>(
  adapter: ProviderAdapter<Settings>,
): RegisteredProvider {
  return {
    kind: adapter.kind,
    title: adapter.title,
    documentedBaseUrl: adapter.documentedBaseUrl,
    secretKeys: adapter.secretKeys,
    capabilities: adapter.capabilities,
    revisable: adapter.revisable,
    served: adapter.served,
    senderProblem: (sender, text) => adapter.senderProblem(sender, text),
    parseSettings: (settings) => adapter.settings.parse(settings),
    open(raw, shared, limits, acquireSlot = unlimited) {
      const settings = adapter.settings.parse(raw);
      const http = createProviderHttp({ ...limits, origin: new URL(settings.baseUrl).origin });
      return {
        client: sensibleClient(adapter.createClient(settings, http, shared)),
        throttledClient: sensibleClient(adapter.createClient(settings, throttled(http, acquireSlot), shared)),
        parseCallback(body, contentType) {
          const excess = excessOf(body);
          if (excess !== undefined) return { kind: "malformed", reason: excess };
          return withoutNonsense(adapter.parseCallback(body, settings, contentType));
        },
        close: () => http.close(),
      };
    },
  };
}

/** All supported providers, one line each. */
export const registry = {
  TIKOSMS: register(tikosms),
  TONKRA: register(tonkra),
  TELEKOM: register(telekom),
  QIKLI: register(qikli),
} as const;

export type ProviderKind = keyof typeof registry;

export const isProviderKind = (kind: string): kind is ProviderKind => Object.hasOwn(registry, kind);
