declare module "split-sms" {
  export function split(
    message: string,
    options?: { summary?: boolean; characterset?: "GSM" | "Unicode" },
  ): { characterSet: "GSM" | "Unicode"; parts: { bytes: number }[]; bytes: number; remainingInPart: number };
}
