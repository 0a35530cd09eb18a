import { getRouteApi } from "@tanstack/react-router";
import { Page } from "../../ui/page.tsx";
import { TabbedPage, type OpenTab } from "../../ui/tabs.tsx";
import { AuditLog } from "./audit-log.tsx";
import { Keys } from "./keys.tsx";
import { everyScope } from "./scopes.ts";
import { Limits } from "./limits.tsx";
import { OptOuts } from "./opt-outs.tsx";
import { RateLimits } from "./rate-limits.tsx";
import { WatchTokens } from "./watch-tokens.tsx";
import { Webhooks } from "./webhooks.tsx";

const route = getRouteApi("/access");

const tabs: readonly OpenTab[] = [
  { name: "keys", title: "API keys", content: <Keys />, anyOf: ["KEYS"] },
  { name: "tokens", title: "Watch tokens", content: <WatchTokens />, anyOf: ["READ", "KEYS"] },
  { name: "webhooks", title: "Webhooks", content: <Webhooks />, anyOf: ["WEBHOOKS"] },
  { name: "opt-outs", title: "Opt-outs", content: <OptOuts />, anyOf: ["READ"] },
  { name: "limits", title: "Spending limits", content: <Limits />, anyOf: ["READ", "BILLING"] },
  { name: "use", title: "Rate limits", content: <RateLimits />, anyOf: everyScope },
  { name: "audit", title: "Audit log", content: <AuditLog />, anyOf: ["ADMIN"] },
];

export function Access() {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Access">
      <TabbedPage tabs={tabs} chosen={tab} onChoose={(name) => void navigate({ search: { tab: name } })} />
    </Page>
  );
}
