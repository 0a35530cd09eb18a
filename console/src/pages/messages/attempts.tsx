import { Table } from "../../ui/page.tsx";
import { Badge, inWords } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import type { MessageDetails } from "./message.tsx";

const tones = { ACCEPTED: "good", AMBIGUOUS: "warn", REJECTED: "bad", RETRYABLE: "warn" } as const;

export function Attempts({ attempts }: { attempts: MessageDetails["attempts"] }) {
  if (attempts.length === 0) return <p className="quiet">It was not handed to a provider yet.</p>;
  return (
    <Table label="Attempts" heads={["#", "Provider", "Started", "Took", "Outcome", "Why"]}>
      {attempts.map(({ number, provider, startedAt, latencyMilliseconds, outcome, reason }) => (
        <tr key={number}>
          <td>{number}</td>
          <td>{provider?.name ?? "–"}</td>
          <td>
            <Time at={startedAt} />
          </td>
          <td className="figure">{latencyMilliseconds == null ? "–" : `${latencyMilliseconds} ms`}</td>
          <td>{outcome ? <Badge tone={tones[outcome]}>{inWords(outcome)}</Badge> : "Running"}</td>
          <td className="quiet">{reason ?? ""}</td>
        </tr>
      ))}
    </Table>
  );
}
