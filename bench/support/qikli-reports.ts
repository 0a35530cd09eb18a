/** What Qikli may say of a message in a report. */
const statuses = {
  SENT: { groupId: 1, groupName: "PENDING", id: 7, name: "PENDING_ENROUTE" },
  DELIVERED: { groupId: 3, groupName: "DELIVERED", id: 5, name: "DELIVERED_TO_HANDSET" },
} as const;

export type ReportedStatus = keyof typeof statuses;

/** A callback of Qikli: as many reports as there are messages. */
export const reportsOf = (providerMessageIds: readonly string[], status: ReportedStatus): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<SMSReportResponse><results>${providerMessageIds
    .map((id) => report(id, status))
    .join("\n")}</results></SMSReportResponse>`;

function report(messageId: string, status: ReportedStatus): string {
  const { groupId, groupName, id, name } = statuses[status];
  return `
    <results>
      <bulkId>${messageId}</bulkId>
      <messageId>${messageId}</messageId>
      <to>421901000000</to>
      <sentAt>2026-08-06T15:33:40.000+0000</sentAt>
      <doneAt>2026-08-06T15:33:45.000+0000</doneAt>
      <smsCount>1</smsCount>
      <price><pricePerMessage>0.0100</pricePerMessage><currency>EUR</currency></price>
      <status>
        <groupId>${groupId}</groupId><groupName>${groupName}</groupName>
        <id>${id}</id><name>${name}</name><description>As its documents have it</description>
      </status>
      <error>
        <groupId>0</groupId><groupName>OK</groupName>
        <id>0</id><name>NO_ERROR</name><description>No Error</description><permanent>false</permanent>
      </error>
    </results>`;
}
