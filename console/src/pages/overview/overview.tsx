import { useState } from "react";
import { Page } from "../../ui/page.tsx";
import { Attention } from "./attention.tsx";
import { Division } from "./division.tsx";
import { History } from "./history.tsx";
import { LiveRate } from "./live-rate.tsx";
import { ProviderStates, useProviderStates } from "./provider-states.tsx";
import { CampaignsUnderWay } from "./campaigns-under-way.tsx";
import { spans, SpanSwitch, type SpanName } from "./spans.tsx";

export function Overview() {
  const [span, setSpan] = useState<SpanName>("hour");
  const { providers, problem } = useProviderStates();
  return (
    <Page title="Overview">
      <div className="column">
        <LiveRate>
          <Attention />
        </LiveRate>
        <CampaignsUnderWay />
        <ProviderStates providers={providers} problem={problem} />
        <History key={span} span={spans[span]} actions={<SpanSwitch chosen={span} onChoose={setSpan} />} />
        <div className="grid">
          <Division key={`${span} provider`} span={spans[span]} by="PROVIDER" />
          <Division key={`${span} country`} span={spans[span]} by="COUNTRY" />
        </div>
      </div>
    </Page>
  );
}
