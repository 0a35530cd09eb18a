// Printed from operations.graphql by codegen.ts.

export const messageEventsQuery =
  "subscription MessageEvents($filter:MessageEventFilter$after:Cursor){messageEvents(filter:$filter after:$after){...on MessageEventBatch{cursor events{...MessageEventFields}}...on CaughtUp{cursor}...on StreamReset{cursor reason}}}fragment MessageEventFields on MessageEvent{id cursor status applied ignoredReason providerStatus source occurredAt receivedAt message{id to status isFinal version clientRef}}";

export const watchMessageQuery =
  "subscription WatchMessage($id:ID!){messageChanged(id:$id){...MessageFields}}fragment MessageFields on Message{__typename id to from text status isFinal version providerStatus failure{code text permanent}clientRef cursor createdAt sentAt deliveredAt}";

export const watchCampaignQuery =
  "subscription WatchCampaign($id:ID!$maxPerSecond:Float!=4){campaignProgress(id:$id maxPerSecond:$maxPerSecond){...CampaignFields}}fragment CampaignFields on Campaign{id name status counts{total scheduled queued submitting outcomeUnknown submitted sent delivered read undelivered expired rejected failed cancelled unknown}estimatedCompletionAt}";

export const getMessageQuery =
  "query GetMessage($id:ID!){message(id:$id){...MessageFields}}fragment MessageFields on Message{__typename id to from text status isFinal version providerStatus failure{code text permanent}clientRef cursor createdAt sentAt deliveredAt}";

export const sendMutation =
  "mutation Send($input:SendMessageInput!){sendMessage(input:$input){...on Message{...MessageFields}...on Error{__typename code message}}}fragment MessageFields on Message{__typename id to from text status isFinal version providerStatus failure{code text permanent}clientRef cursor createdAt sentAt deliveredAt}";
