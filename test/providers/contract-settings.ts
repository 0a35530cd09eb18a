import { assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { registry } from "../../src/providers/registry.ts";
import { open, type Subject } from "./contract-client.ts";
import { expectNoSecret } from "./contract-secrets.ts";
import { unusedOrigin } from "./local-server.ts";

/** Settings, senders and capabilities, as far as they say the same for all. */
export function testDeclaration(subject: Subject): void {
  describe("settings", () => {
    testSettings(subject);
  });
  describe("senders", () => {
    testSenders(subject);
  });
  test("the capabilities are what the client has", async () => {
    const { capabilities } = subject.provider;
    const { client } = open(subject, await unusedOrigin());
    expect(client.cadenceGroups !== undefined).toBe(capabilities.cadenceGroups);
    expect(client.lookUpNumber !== undefined).toBe(capabilities.numberLookup);
    expect(client.drainReceipts !== undefined).toBe(capabilities.receiptQueue);
    expect(client.submitMany !== undefined).toBe(capabilities.bulkSize > 1);
    expect(subject.variant.bulk !== undefined).toBe(capabilities.bulkSize > 1);
    const { bulkSize, maxSegments, longestValidityMinutes, receipts } = capabilities;
    for (const count of [bulkSize, maxSegments, longestValidityMinutes ?? 1])
      expect(count).toBeGreaterThan(0);
    expect(receipts).toBe(subject.contract.callbacks ? "CALLBACK" : "POLL");
  });
}

function testSettings(subject: Subject): void {
  const { provider, contract, variant } = subject;
  const { secretKeys, documentedBaseUrl: baseUrl } = provider;
  const good = { ...contract.credentials, ...variant.settings, baseUrl };
  const refusalOf = (settings: object): unknown => {
    try {
      provider.parseSettings(settings);
      return undefined;
    } catch (error) {
      return error;
    }
  };

  test("valid settings are taken as they are, at the documented address", () => {
    expect(provider.parseSettings(good)).toMatchObject(good);
    expect(registry).toHaveProperty(provider.kind, provider);
  });

  test("the settings have secrets, which must not be empty, absent or unwritable", () => {
    expect(secretKeys).not.toEqual([]);
    expect(Object.keys(provider.parseSettings(good))).toEqual(expect.arrayContaining([...secretKeys]));
    for (const key of secretKeys) {
      for (const secret of ["", undefined, null, 1, "line\r\nbreak: 1", "\0"])
        expect(refusalOf({ ...good, [key]: secret })).toBeDefined();
    }
  });

  test.each([
    "",
    "api.example.com",
    "ftp://api.example.com",
    "javascript:alert(1)",
    "https://u:p@api.example.com",
    "https://api.example.com?key=1",
    "https://api.example.com/#x",
  ])("the settings refuse the address %j", (address) => {
    const error = refusalOf({ ...good, baseUrl: address });
    expect(error).toBeInstanceOf(Error);
    expectNoSecret(subject, error);
  });

  test("the settings refuse an unknown time zone", () => {
    const error = refusalOf({ ...good, timeZone: "Europe/Nowhere" });
    expect(error).toBeInstanceOf(Error);
    expectNoSecret(subject, error);
  });
}

function testSenders({ provider }: Subject): void {
  const { senderMaxLength, senderMaxDigits } = provider.capabilities;
  // The longest sender may depend on the text.
  const texts = ["Hello", "x".repeat(500)];
  const problems = (sender: string) => texts.map((text) => provider.senderProblem(sender, text));

  test("a sender ID may be as long as the capabilities say, and no longer", () => {
    for (const [longest, letter] of [
      [senderMaxLength, "A"],
      [senderMaxDigits, "1"],
    ] as const) {
      expect(problems(letter.repeat(longest))).toContain(undefined);
      expect(problems(letter.repeat(longest + 1))).not.toContain(undefined);
      expect(problems(letter)).toEqual([undefined, undefined]);
    }
  });

  test.each(["", " ", "A\nB", "A\0B"])("a sender ID may not be %j", (sender) =>
    expect(problems(sender)).not.toContain(undefined),
  );

  test("a sender ID of any kind gets a verdict", () => {
    assert(
      property(string(), string(), (sender, text) => {
        expect(provider.senderProblem(sender, text) ?? "none").toMatch(/\w/);
      }),
    );
  });
}
