import { Link } from "@tanstack/react-router";
import { useMay } from "../../session.tsx";
import { settings } from "../../settings.ts";
import { Card } from "../../ui/page.tsx";

/** Where to begin while nothing was ever sent. */
export function FirstSteps() {
  const [maySend, mayRun] = [useMay("SEND"), useMay("CAMPAIGNS")];
  return (
    <Card title="Nothing was sent yet">
      <div className="stack">
        <p className="quiet">
          What is sent shows here as it happens.
          {settings.development && " The sandboxes play the providers: no telephone gets anything."}
        </p>
        <div className="row">
          {maySend && (
            <Link to="/send" className="button primary">
              Send a message
            </Link>
          )}
          {mayRun && (
            <Link to="/campaigns/new" className="button">
              Start a campaign
            </Link>
          )}
        </div>
      </div>
    </Card>
  );
}
