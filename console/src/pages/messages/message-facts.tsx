import { Link } from "@tanstack/react-router";
import { Money } from "../../ui/money.tsx";
import { Facts } from "../../ui/page.tsx";
import { inWords } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import type { MessageDetails } from "./message.tsx";

export const MessageFacts = ({ message }: { message: MessageDetails }) => (
  <Facts
    entries={[
      ["From", message.from],
      ["Country", message.country ?? "Not known"],
      ["Accepted", <Time at={message.createdAt} />],
      ["Scheduled", <Time at={message.scheduledAt} none="At once" />],
      ["Submitted", <Time at={message.submittedAt} />],
      ["Delivered", <Time at={message.deliveredAt} />],
      ["Valid until", <Time at={message.validUntil} none="The provider's default" />],
      ["Cost", <Money value={message.cost} none="Not known yet" />],
      ["Estimate", <Money value={message.estimatedCost} none="No rate" />],
      ["Priority", inWords(message.priority)],
      ["Reference", message.clientRef ?? "None"],
      [
        "Campaign",
        message.campaign ? (
          <Link to="/campaigns/$id" params={{ id: message.campaign.id }}>
            {message.campaign.name}
          </Link>
        ) : (
          "None"
        ),
      ],
      ["Provider's id", <code>{message.providerMessageId ?? "–"}</code>],
      ["Provider's status", message.providerStatus ?? "–"],
      ["Network", message.mccmnc ?? "Not known"],
      ["Id", <code>{message.id}</code>],
    ]}
  />
);

/** What there is to know of a message from a person. */
export const InboundFacts = ({ message }: { message: MessageDetails }) => (
  <Facts
    entries={[
      ["To", message.to],
      ["Country", message.country ?? "Not known"],
      ["Received", <Time at={message.createdAt} />],
      ["Provider", message.provider?.name ?? "–"],
      ["Provider's id", <code>{message.providerMessageId ?? "–"}</code>],
      ["Id", <code>{message.id}</code>],
    ]}
  />
);
