/** The channel of the hint that a webhook was made, changed or set free. */
export const webhookChannel = "smsgraph_webhooks";
