import type { ServedApi } from "../messages/accept/send-input.ts";
import type { VendorName } from "./frame/route.ts";
import type { ServedVendor } from "./frame/vendor.ts";
import type { ReportForm } from "./reports/form.ts";
import { qikli } from "./qikli/index.ts";
import { report as qikliReport } from "./qikli/report.ts";
import { telekom } from "./telekom/index.ts";
import { report as telekomReport } from "./telekom/report.ts";
import { tikosms } from "./tikosms/index.ts";
import { report as tikosmsReport } from "./tikosms/report.ts";
import { tonkra } from "./tonkra/index.ts";

/** The APIs that are served, one line each. */
export const vendors: Readonly<Record<VendorName, ServedVendor>> = {
  tikosms,
  tonkra,
  telekom,
  qikli,
};

/** How they tell what becomes of messages. Tonkra's clients ask. */
export const forms: Readonly<Partial<Record<ServedApi, ReportForm>>> = {
  TIKOSMS: tikosmsReport,
  TELEKOM: telekomReport,
  QIKLI: qikliReport,
};
