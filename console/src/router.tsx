import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  type ErrorComponentProps,
} from "@tanstack/react-router";
import type { CampaignStatus, MessageStatus } from "./gql/graphql.ts";
import { Shell } from "./shell.tsx";
import { Empty, Loading } from "./ui/empty.tsx";

const root = createRootRoute({ component: Shell });
const at = <Path extends string>(path: Path) => ({ getParentRoute: () => root, path });

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
const list = (value: unknown): string[] | undefined => {
  const words = (Array.isArray(value) ? value : [value]).filter((word) => typeof word === "string");
  return words.length > 0 ? words : undefined;
};

/** What the list of messages is searched for, in its address. */
export interface MessageSearch {
  /** A number, a reference, or an id of ours or of the provider. */
  search?: string | undefined;
  status?: MessageStatus[] | undefined;
  provider?: string | undefined;
  campaign?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
  /** Only those whose final receipt should have come by now. */
  overdue?: boolean | undefined;
}

/** Which messages from people are listed. */
export interface InboundSearch {
  from?: string | undefined;
  provider?: string | undefined;
  campaign?: string | undefined;
}

/** Which callbacks of providers are listed. */
export interface ReceiptSearch {
  show?: "unmatched" | "quarantined" | undefined;
  provider?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
}

const isShow = (value: unknown): value is ReceiptSearch["show"] =>
  value === "unmatched" || value === "quarantined";

const overview = createRoute({
  ...at("/"),
  component: lazyRouteComponent(() => import("./pages/overview/overview.tsx"), "Overview"),
});

const messages = createRoute({
  ...at("/messages"),
  validateSearch: (search): MessageSearch => ({
    search: text(search["search"]),
    status: list(search["status"]) as MessageStatus[] | undefined,
    provider: text(search["provider"]),
    campaign: text(search["campaign"]),
    from: text(search["from"]),
    until: text(search["until"]),
    overdue: search["overdue"] === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import("./pages/messages/messages.tsx"), "Messages"),
});

const message = createRoute({
  ...at("/messages/$id"),
  component: lazyRouteComponent(() => import("./pages/messages/message.tsx"), "MessagePage"),
});

const inbound = createRoute({
  ...at("/inbound"),
  validateSearch: (search): InboundSearch => ({
    from: text(search["from"]),
    provider: text(search["provider"]),
    campaign: text(search["campaign"]),
  }),
  component: lazyRouteComponent(() => import("./pages/inbound/inbound.tsx"), "Inbound"),
});

const send = createRoute({
  ...at("/send"),
  component: lazyRouteComponent(() => import("./pages/send/send.tsx"), "Send"),
});

const campaigns = createRoute({
  ...at("/campaigns"),
  validateSearch: (search: Record<string, unknown>): { status?: CampaignStatus[] | undefined } => ({
    status: list(search["status"]) as CampaignStatus[] | undefined,
  }),
  component: lazyRouteComponent(() => import("./pages/campaigns/campaigns.tsx"), "Campaigns"),
});

const newCampaign = createRoute({
  ...at("/campaigns/new"),
  component: lazyRouteComponent(() => import("./pages/campaigns/new-campaign.tsx"), "NewCampaign"),
});

const campaign = createRoute({
  ...at("/campaigns/$id"),
  component: lazyRouteComponent(() => import("./pages/campaigns/campaign.tsx"), "CampaignPage"),
});

const providers = createRoute({
  ...at("/providers"),
  component: lazyRouteComponent(() => import("./pages/providers/providers.tsx"), "Providers"),
});

const connect = createRoute({
  ...at("/providers/connect"),
  component: lazyRouteComponent(() => import("./pages/providers/connect.tsx"), "Connect"),
});

const provider = createRoute({
  ...at("/providers/$id"),
  component: lazyRouteComponent(() => import("./pages/providers/provider.tsx"), "ProviderPage"),
});

const tab = (search: Record<string, unknown>): { tab?: string | undefined } => ({ tab: text(search["tab"]) });

const routing = createRoute({
  ...at("/routing"),
  validateSearch: tab,
  component: lazyRouteComponent(() => import("./pages/routing/routing.tsx"), "Routing"),
});

const receipts = createRoute({
  ...at("/receipts"),
  validateSearch: (search): ReceiptSearch => ({
    show: isShow(search["show"]) ? search["show"] : undefined,
    provider: text(search["provider"]),
    from: text(search["from"]),
    until: text(search["until"]),
  }),
  component: lazyRouteComponent(() => import("./pages/receipts/receipts.tsx"), "Receipts"),
});

const access = createRoute({
  ...at("/access"),
  validateSearch: tab,
  component: lazyRouteComponent(() => import("./pages/access/access.tsx"), "Access"),
});

const webhook = createRoute({
  ...at("/access/webhooks/$id"),
  component: lazyRouteComponent(() => import("./pages/access/webhook.tsx"), "WebhookPage"),
});

const NotFound = () => (
  <Empty title="There is no such page" isPage>
    <Link to="/" className="button">
      Go to the overview
    </Link>
  </Empty>
);

const Broken = ({ error }: ErrorComponentProps) => (
  <Empty title="This page could not be shown" isPage>
    <p className="quiet">{String(error)}</p>
    <button type="button" className="button" onClick={() => location.reload()}>
      Load it again
    </button>
  </Empty>
);

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    messages,
    message,
    inbound,
    send,
    campaigns,
    newCampaign,
    campaign,
    providers,
    connect,
    provider,
    routing,
    receipts,
    access,
    webhook,
  ]),
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: Broken,
  defaultPendingComponent: Loading,
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
