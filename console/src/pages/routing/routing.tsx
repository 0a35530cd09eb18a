import { getRouteApi } from "@tanstack/react-router";
import { Page } from "../../ui/page.tsx";
import { TabbedPage, type OpenTab } from "../../ui/tabs.tsx";
import { Policies } from "./policies.tsx";
import { Rates } from "./rates.tsx";
import { SendingSettings } from "./sending-settings.tsx";
import { TryNumber } from "./try-number.tsx";

const route = getRouteApi("/routing");

const tabs: readonly OpenTab[] = [
  { name: "try", title: "Try a number", content: <TryNumber />, anyOf: ["READ"] },
  { name: "policies", title: "Policies", content: <Policies />, anyOf: ["READ", "PROVIDERS"] },
  { name: "rates", title: "Rates", content: <Rates />, anyOf: ["READ", "BILLING"] },
  { name: "rules", title: "Sending rules", content: <SendingSettings />, anyOf: ["READ"] },
];

export function Routing() {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Routing">
      <TabbedPage tabs={tabs} chosen={tab} onChoose={(name) => void navigate({ search: { tab: name } })} />
    </Page>
  );
}
