import type { Fault } from "../faults.ts";
import type { ErrorName, StatusName } from "../../wire/qikli/statuses.ts";

export interface ReportPlan {
  status: StatusName;
  /** Default `none`. */
  error?: ErrorName;
}

export interface QikliBehaviour {
  /** The verdict on the destination in the answer. With a status of group 5 the message is not stored. */
  verdict: StatusName;
  /**
   * How the request ends. The first destination decides, unless its message id was used before. For the
   * others it shows in their rows of the answer.
   */
  answer: "verdicts" | "withoutVerdict" | "throttledOnce" | "badRequest" | "errorIn200" | "forbidden" | Fault;
  /** Whether the request is accepted, whatever its answer says. */
  stored: boolean;
  /** The reports on the message, in order. */
  reports: readonly ReportPlan[];
  /**
   * `push` uses the queue instead for a message without a notify URL, and when the receiver does not
   * acknowledge.
   */
  road: "push" | "pull" | "both" | "nowhere";
  /** How many times each report is posted. */
  copies: number;
  /** The first report is posted and acknowledged before the request is answered. */
  reportBeforeAnswer: boolean;
  /** The connection is reset while the report is being pulled, and the report is lost. */
  lostOnPull: boolean;
  /** Multiplies the delay of the reports. */
  slowness: number;
  form: {
    error: boolean;
    /** `+00:00` instead of `+0000`. */
    colon: boolean;
    /** Without `bulkId`, `smsCount` and `mccMnc`. */
    sparse: boolean;
    /** In XML, the reports are inside one more `results` element. */
    nested: boolean;
    /** An invalid report comes before it in the same batch. */
    besideBadRow: boolean;
  };
}

const usualForm = { error: true, colon: false, sparse: false, nested: false, besideBadRow: false };

/** The behaviour of numbers without a scenario: accepted, delivered and reported. */
export const usualBehaviour: QikliBehaviour = {
  verdict: "accepted",
  answer: "verdicts",
  stored: true,
  reports: [{ status: "deliveredToHandset" }],
  road: "push",
  copies: 1,
  reportBeforeAnswer: false,
  lostOnPull: false,
  slowness: 1,
  form: usualForm,
};

/** The usual format with some changes. */
export function formed(form: Partial<QikliBehaviour["form"]>): Pick<QikliBehaviour, "form"> {
  return { form: { ...usualForm, ...form } };
}
