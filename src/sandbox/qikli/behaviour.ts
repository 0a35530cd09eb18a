import type { Fault } from "../faults.ts";
import type { ErrorName, StatusName } from "./statuses.ts";

export interface ReportPlan {
  status: StatusName;
  /** `none` unless given. */
  error?: ErrorName;
}

export interface QikliBehaviour {
  /** The verdict on the destination, in the answer to the request. One of group 5 keeps nothing. */
  verdict: StatusName;
  /**
   * How the request ends. The first destination decides, unless its message id was taken before; of the others it
   * shows in their rows of the answer.
   */
  answer: "verdicts" | "withoutVerdict" | "throttledOnce" | "badRequest" | "errorIn200" | "forbidden" | Fault;
  /** Whether the request is accepted, whatever its answer says. */
  stored: boolean;
  /** What is reported of the message, in order. */
  reports: readonly ReportPlan[];
  /** `push` falls back to the queue for a message without a notify URL, and when nobody takes what is posted. */
  road: "push" | "pull" | "both" | "nowhere";
  /** How often each report is posted. */
  copies: number;
  /** The first report is posted, and answered, before the request is. */
  reportBeforeAnswer: boolean;
  /** The connection is reset when the report is pulled, and the report is gone. */
  lostOnPull: boolean;
  /** Multiplies the time until the reports. */
  slowness: number;
  form: {
    error: boolean;
    /** `+00:00` instead of `+0000`. */
    colon: boolean;
    /** Without `bulkId`, `smsCount` and `mccMnc`. */
    sparse: boolean;
    /** XML lists the reports in one more `results`. */
    nested: boolean;
    /** A report that is none goes before it in the same batch. */
    besideBadRow: boolean;
  };
}

const usualForm = { error: true, colon: false, sparse: false, nested: false, besideBadRow: false };

/** What a number does that no scenario is for: accepted, delivered, reported. */
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

/** The usual form, but for these. */
export function formed(form: Partial<QikliBehaviour["form"]>): Pick<QikliBehaviour, "form"> {
  return { form: { ...usualForm, ...form } };
}
