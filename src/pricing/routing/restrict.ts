import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import type { RoutingTable } from "./routing-table.ts";

const restricted = new WeakMap<RoutingTable, Map<string, RoutingTable>>();

/** The table for a key that may not do everything: made once for each table and set of restrictions. */
export function restrict(table: RoutingTable, within: SendRestrictions | undefined): RoutingTable {
  if (!within) return table;
  const known = restricted.get(table) ?? new Map<string, RoutingTable>();
  restricted.set(table, known);
  const name = JSON.stringify(within);
  const made = known.get(name) ?? narrowed(table, within);
  known.set(name, made);
  return made;
}

function narrowed(table: RoutingTable, within: SendRestrictions): RoutingTable {
  const { providerIds } = within;
  if (!providerIds) return { ...table, within };
  const isOpen = (id: string): boolean => providerIds.includes(id);
  return {
    ...table,
    within,
    connections: table.connections.filter(({ row }) => isOpen(row.id)),
    disabled: table.disabled.filter(({ id }) => isOpen(id)),
    withheld: table.connections
      .filter(({ row }) => !isOpen(row.id))
      .map(({ row: { id, name } }) => ({ id, name })),
  };
}
