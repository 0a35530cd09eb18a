/** NOTIFY on it says which connection has changed. */
export const connectionChannel = "smsgraph_connections";
