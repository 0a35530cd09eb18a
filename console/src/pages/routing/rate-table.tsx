import type { RateRowFragment } from "../../gql/graphql.ts";
import { formatMoney } from "../../ui/money.tsx";
import { Table } from "../../ui/page.tsx";
import { inWords } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";

export function RateTable({ rates }: { rates: readonly RateRowFragment[] }) {
  if (rates.length === 0)
    return <p className="quiet">No rates are known. They are fetched, imported or set.</p>;
  return (
    <Table
      label="Rates"
      heads={["Country", "Network", "Provider", "Price of a segment", "From", "Until", "Source"]}
    >
      {rates.map(
        ({
          id,
          country,
          countryName,
          mccmnc,
          networkName,
          provider,
          price,
          validFrom,
          validUntil,
          source,
        }) => (
          <tr key={id}>
            <td>{countryName ?? country ?? "Several"}</td>
            <td>
              {networkName ?? "All"} <span className="quiet">{mccmnc}</span>
            </td>
            <td>{provider.name}</td>
            <td className="figure">{formatMoney(price)}</td>
            <td>
              <Time at={validFrom} />
            </td>
            <td>
              <Time at={validUntil} none="Open" />
            </td>
            <td className="quiet">{inWords(source)}</td>
          </tr>
        ),
      )}
    </Table>
  );
}
